package dev.autoprog.diffusion;

/**
 * Sampling that need not add noise (Song et al. 2021, eq. 12): η = 0 is a deterministic way from
 * noise to data, η = 1 has the noise of {@link DdpmSampler} with {@link Variance#FIXED_SMALL}.
 * Variances that the network learned are not used.
 */
public final class DdimSampler extends Sampler {
  private final double eta;

  /**
   * A sampler.
   *
   * @param process at the steps to go, see {@link DiffusionProcess#respaced}
   * @param eta η, in [0, 1]
   * @param clipped whether x̂_0 is brought into [−1, 1]
   */
  public DdimSampler(DiffusionProcess process, double eta, boolean clipped) {
    super(process, clipped);
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta is " + eta + ", expected one in [0, 1]");
    }
    this.eta = eta;
  }

  /** η. */
  public double eta() {
    return eta;
  }

  @Override
  Transition transition(int step) {
    NoiseSchedule schedule = process().schedule();
    double before = schedule.alphaBarBefore(step);
    double deviation = eta * Math.sqrt(schedule.posteriorVariance(step));
    double direction = Math.sqrt(Math.max(0, 1 - before - deviation * deviation));
    double ofNoisy = direction / schedule.noiseRate(step);
    double ofClean = Math.sqrt(before) - schedule.signalRate(step) * ofNoisy;
    return new Transition(ofClean, ofNoisy, deviation, null);
  }
}
