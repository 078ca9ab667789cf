package dev.autoprog.diffusion;

/** The variance of the noise that a step backward adds: σ² in {@code p(x_{t−1} | x_t)}. */
public enum Variance {
  /** β̃, which is right if all data are one point (Ho et al. 2020). */
  FIXED_SMALL,

  /** β, which is right if the data are standard normal (Ho et al. 2020); at step 0, step 1's β̃. */
  FIXED_LARGE,

  /**
   * Between them, as the network says with a number v for each element, in [−1, 1] if all is well:
   * log σ² = (1 + v)/2 · log β + (1 − v)/2 · log β̃ (Nichol and Dhariwal 2021, eq. 15; DiT). The
   * network then has twice the channels: first the prediction's, then those of v.
   */
  LEARNED_RANGE;

  /**
   * log σ².
   *
   * @param v what the network says, of no effect where nothing is learned
   */
  public double log(NoiseSchedule schedule, int step, double v) {
    double small = schedule.posteriorLogVariance(step);
    double large = Math.log(schedule.beta(step));
    return switch (this) {
      case FIXED_SMALL -> small;
      case FIXED_LARGE -> step == 0 ? small : large;
      case LEARNED_RANGE -> (1 + v) / 2 * large + (1 - v) / 2 * small;
    };
  }

  /** Whether the network has channels for it. */
  public boolean isLearned() {
    return this == LEARNED_RANGE;
  }
}
