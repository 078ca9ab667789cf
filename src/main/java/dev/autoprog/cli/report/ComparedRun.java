package dev.autoprog.cli.report;

import dev.autoprog.cli.report.RunMetrics.End;

/**
 * One complete run of a comparison.
 *
 * @param arm what it is an example of
 * @param seed that it was drawn from
 * @param operator by which it grew
 * @param directory of the run, relative to the comparison's
 * @param metrics complete ones
 */
public record ComparedRun(
    String arm, long seed, String operator, String directory, RunMetrics metrics) {
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
}
