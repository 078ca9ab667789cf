package dev.autoprog.cli.report;

import dev.autoprog.cli.report.FinetuneMetrics.End;
import dev.autoprog.cli.report.RunMetrics.Step;
import java.nio.file.Path;
import java.util.List;

/**
 * One complete run of a diffusion model, its samples judged.
 *
 * @param arm what it is an example of
 * @param seed that it was drawn from
 * @param directory of the run, relative to the comparison's
 * @param metrics complete ones
 * @param quality of its samples
 * @param samples the PNG file with a grid of them
 */
public record FinetunedRun(
    String arm,
    long seed,
    String directory,
    FinetuneMetrics metrics,
    SampleQuality quality,
    Path samples)
    implements CompleteRun {
  /** Checks that the run is complete. */
  public FinetunedRun {
    if (metrics.end().isEmpty()) {
      throw new IllegalArgumentException(directory + " is not complete");
    }
  }

  private End end() {
    return metrics.end().orElseThrow();
  }

  @Override
  public List<Step> steps() {
    return metrics.steps();
  }

  /** How many there were. */
  public long stepCount() {
    return end().steps();
  }

  @Override
  public double trainSeconds() {
    return end().trainSeconds();
  }

  @Override
  public double searchSeconds() {
    return end().searchSeconds();
  }

  /** Seconds of all validations. */
  public double validationSeconds() {
    return end().validationSeconds();
  }

  /** Mean squared error on the validation images. */
  public double error() {
    return end().error();
  }

  /** Between the samples and real images. */
  public double frechetDistance() {
    return quality.frechetDistance();
  }
}
