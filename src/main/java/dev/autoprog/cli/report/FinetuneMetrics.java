package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.RunMetrics.Step;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the {@code metrics.jsonl} of a diffusion model's run tells, on the clock of {@link
 * RunMetrics}.
 *
 * @param steps in order
 * @param validations in order
 * @param stages in order
 * @param searches in order; none where nothing was searched
 * @param end empty while the run is not complete
 */
public record FinetuneMetrics(
    List<Step> steps,
    List<Validation> validations,
    List<StageBegin> stages,
    List<Search> searches,
    Optional<End> end) {

  /**
   * A validation.
   *
   * @param seconds on the clock
   * @param error mean squared, at noise that is always the same
   */
  public record Validation(double seconds, double error) {}

  /**
   * A stage that begins.
   *
   * @param seconds on the clock
   * @param unfreezing what it trains
   */
  public record StageBegin(double seconds, Unfreezing unfreezing) {}

  /**
   * What a search found.
   *
   * @param stage s, from 0
   * @param searchSeconds that it took
   * @param decision what was measured of each candidate, and which was chosen
   */
  public record Search(int stage, double searchSeconds, ZeroShotDecision<Unfreezing> decision) {}

  /**
   * The last line.
   *
   * @param error mean squared, of the last validation
   */
  public record End(
      double error,
      double trainSeconds,
      double searchSeconds,
      double validationSeconds,
      long steps) {}

  /**
   * Reads a log.
   *
   * @param batch images per step
   * @throws InputException if it cannot be read
   */
  public static FinetuneMetrics read(Path file, int batch) throws InputException {
    return new FinetuneMetricsReader(batch).read(file);
  }
}
