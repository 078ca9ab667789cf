package dev.autoprog.cli.report;

import dev.autoprog.cli.report.RunMetrics.End;
import dev.autoprog.cli.report.RunMetrics.Step;
import java.util.List;

/**
 * One complete run of a classifier.
 *
 * @param arm what it is an example of
 * @param seed that it was drawn from
 * @param operator by which it grew
 * @param directory of the run, relative to the comparison's
 * @param metrics complete ones
 */
public record ComparedRun(
    String arm, long seed, String operator, String directory, RunMetrics metrics)
    implements CompleteRun {
  /** Checks that the run is complete. */
  public ComparedRun {
    if (metrics.end().isEmpty()) {
      throw new IllegalArgumentException(directory + " is not complete");
    }
  }

  /** How it ended. */
  public End end() {
    return metrics.end().orElseThrow();
  }

  @Override
  public List<Step> steps() {
    return metrics.steps();
  }

  @Override
  public double trainSeconds() {
    return end().trainSeconds();
  }

  @Override
  public double searchSeconds() {
    return end().searchSeconds();
  }

  /** Of the last evaluation, in 0 … 1. */
  public double testAccuracy() {
    return end().testAccuracy();
  }

  /** Seconds of all evaluations. */
  public double evaluationSeconds() {
    return end().evaluationSeconds();
  }
}
