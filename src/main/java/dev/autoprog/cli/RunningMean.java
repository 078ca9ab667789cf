package dev.autoprog.cli;

/** The mean of what was added since the last reset. */
final class RunningMean {
  private double sum;
  private long count;

  void add(double value) {
    sum += value;
    count++;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** The mean; NaN of nothing. */
  double value() {
    return sum / count;
  }

  void reset() {
    sum = 0;
    count = 0;
  }
}
