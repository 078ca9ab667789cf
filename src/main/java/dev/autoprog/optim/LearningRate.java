package dev.autoprog.optim;

/** The learning rate as a function of the step. */
@FunctionalInterface
public interface LearningRate {
  /** The rate of update {@code step}, which counts from 0. */
  double at(long step);

  /**
   * A linear rise from {@code peak / warmup} to {@code peak} over {@code warmup} steps, then half a
   * cosine down to {@code floor} at {@code total} (Loshchilov and Hutter 2017).
   */
  static LearningRate cosine(double peak, double floor, long warmup, long total) {
    return step -> {
      if (step < warmup) {
        return peak * (step + 1) / warmup;
      }
      double done = Math.min(1, (double) (step - warmup) / Math.max(1, total - warmup));
      return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * done));
    };
  }
}
