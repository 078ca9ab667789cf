package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What the {@code metrics.jsonl} of a classifier's run tells. The clock is the run's work: seconds
 * of training and of searching, without evaluation, checkpoints and waiting for images.
 *
 * @param steps in order
 * @param evaluations in order
 * @param stages in order
 * @param searches in order; none where nothing was searched
 * @param end empty while the run is not complete
 */
public record RunMetrics(
    List<Step> steps,
    List<Evaluation> evaluations,
    List<StageBegin> stages,
    List<Search> searches,
    Optional<End> end) {

  /**
   * A training step that is over.
   *
   * @param seconds on the clock
   * @param loss NaN where it was not finite
   */
  public record Step(double seconds, double loss) {}

  /**
   * An evaluation.
   *
   * @param seconds on the clock
   * @param accuracy on the test images, in 0 … 1
   */
  public record Evaluation(double seconds, double accuracy) {}

  /**
   * A stage whose network is settled.
   *
   * @param stage s, from 0
   * @param seconds on the clock
   * @param resolution R, in pixels
   * @param depth L, in blocks
   * @param strength of each regularisation, by the names of the log
   */
  public record StageBegin(
      int stage, double seconds, int resolution, int depth, Map<String, Double> strength) {}

  /**
   * What a search found; NaN for every number that the log has not.
   *
   * @param stage s, whose network was searched, from 0
   * @param seconds on the clock, the search included
   * @param searchSeconds of this search, its training steps left out
   * @param candidates in the log's order
   * @param a the fitted loss at one second
   * @param b the fitted exponent
   * @param w the weight of time against loss
   * @param fallback why there is no fit; empty if there is one
   * @param reason why the chosen candidate won
   */
  public record Search(
      int stage,
      double seconds,
      double searchSeconds,
      List<Candidate> candidates,
      double a,
      double b,
      double w,
      String fallback,
      String reason) {}

  /**
   * A row of a search's table; NaN for every number that the log has not.
   *
   * @param losses at each probe point
   * @param scoreError standard error of the score's difference from the least
   * @param chosen whether the stage trains it
   */
  public record Candidate(
      int resolution,
      int depth,
      List<Double> losses,
      double meanLoss,
      double stepSeconds,
      double score,
      double scoreError,
      double parameters,
      double flops,
      boolean chosen) {}

  /** The last line. */
  public record End(
      double testAccuracy,
      double trainSeconds,
      double searchSeconds,
      double evaluationSeconds,
      long steps) {}

  /**
   * Reads a log.
   *
   * @param batch images per step
   * @throws InputException if it cannot be read
   */
  public static RunMetrics read(Path file, int batch) throws InputException {
    return new MetricsReader(batch).read(file);
  }

  /** When an evaluation first reached an accuracy; empty if none did. */
  public OptionalDouble secondsTo(double accuracy) {
    return evaluations.stream()
        .filter(evaluation -> evaluation.accuracy() >= accuracy)
        .mapToDouble(Evaluation::seconds)
        .findFirst();
  }
}
