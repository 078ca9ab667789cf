package dev.autoprog.diffusion;

/**
 * What a denoising network was trained for, and so what a sampler must know of it.
 *
 * @param schedule how the noise came into its data
 * @param prediction what it predicts
 * @param variance of a step backward, and whether it has channels for that
 */
public record DiffusionProcess(NoiseSchedule schedule, Prediction prediction, Variance variance) {
  /** The same in {@code count} of the steps; see {@link NoiseSchedule#respaced}. */
  public DiffusionProcess respaced(int count) {
    return new DiffusionProcess(schedule.respaced(count), prediction, variance);
  }
}
