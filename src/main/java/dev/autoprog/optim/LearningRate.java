package dev.autoprog.optim;

/** The learning rate as a function of the step. */
@FunctionalInterface
public interface LearningRate {
  /** The rate of update {@code step}, which counts from 0. */
  double at(long step);

  /**
   * Warm-up, plateau and decay: a linear rise from {@code peak / warmup} to {@code peak} over
   * {@code warmup} steps, then {@code peak}, and over the last {@code decayShare} of the steps
   * after the warm-up half a cosine down to {@code floor} at {@code total}. A share of 1 has no
   * plateau (Loshchilov and Hutter 2017), a smaller one leaves what is grown late a high rate to
   * learn with (warmup-stable-decay, Hu et al. 2024, and Hägele et al. 2024).
   *
   * @param warmup of a short run, at most half of its steps count: it is to come down, too
   * @param decayShare in (0, 1]
   */
  static LearningRate cosine(
      double peak, double floor, long warmup, long total, double decayShare) {
    long rise = Math.min(warmup, total / 2);
    long start = total - Math.round(decayShare * (total - rise));
    return step -> {
      if (step < rise) {
        return peak * (step + 1) / rise;
      }
      double done = Math.max(0, Math.min(1, (double) (step - start) / Math.max(1, total - start)));
      return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * done));
    };
  }
}
