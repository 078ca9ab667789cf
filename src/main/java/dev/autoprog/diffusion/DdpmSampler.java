package dev.autoprog.diffusion;

/**
 * Ancestral sampling: each step draws from {@code p(x_{t−1} | x_t)}, with the mean of {@code
 * q(x_{t−1} | x_t, x̂_0)} and the process's variance (Ho et al. 2020, algorithm 2). The last step
 * adds no noise.
 */
public final class DdpmSampler extends Sampler {
  /**
   * A sampler.
   *
   * @param process at the steps to go, see {@link DiffusionProcess#respaced}
   * @param clipped whether x̂_0 is brought into [−1, 1]
   */
  public DdpmSampler(DiffusionProcess process, boolean clipped) {
    super(process, clipped);
  }

  @Override
  Transition transition(int step) {
    NoiseSchedule schedule = process().schedule();
    Variance variance = process().variance();
    double ofClean = schedule.posteriorMeanOfClean(step);
    double ofNoisy = schedule.posteriorMeanOfNoisy(step);
    if (step == 0) {
      return new Transition(ofClean, ofNoisy, 0, null);
    }
    double atZero = variance.log(schedule, step, 0) / 2;
    if (!variance.isLearned()) {
      return new Transition(ofClean, ofNoisy, Math.exp(atZero), null);
    }
    double slope = variance.log(schedule, step, 1) / 2 - atZero;
    return new Transition(ofClean, ofNoisy, 0, new Blend(slope, atZero));
  }
}
