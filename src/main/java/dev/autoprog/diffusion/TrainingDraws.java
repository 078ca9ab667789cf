package dev.autoprog.diffusion;

import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/**
 * The timestep and the noise that a sample of the data is trained with. They depend on the seed,
 * the epoch and the sample alone: not on its place in a batch, on the batch's size, or on whether
 * the run was interrupted.
 *
 * @param seed of the run
 * @param steps T: timesteps are uniform in 0 … T − 1
 */
public record TrainingDraws(long seed, int steps) {
  private static final long TIMESTEP = 0x737465L;
  private static final long NOISE = 0x6e6f69L;

  /** Checks that there are steps. */
  public TrainingDraws {
    if (steps < 1) {
      throw new IllegalArgumentException("steps is " + steps + ", expected at least 1");
    }
  }

  /** A sample's timestep. */
  public int timestep(int epoch, int sample) {
    return Rng.of(seed, TIMESTEP, epoch, sample).nextInt(steps);
  }

  /** The timesteps of a batch of samples. */
  public int[] timesteps(int epoch, int... samples) {
    int[] timesteps = new int[samples.length];
    for (int i = 0; i < samples.length; i++) {
      timesteps[i] = timestep(epoch, samples[i]);
    }
    return timesteps;
  }

  /**
   * Fills a tensor with the noise of a batch of samples.
   *
   * @param session whose kernels draw it; its arena has what they read
   * @param noise FLOAT32 (B, …)
   * @param samples B of them
   */
  public void noise(Session session, int epoch, Tensor noise, int... samples) {
    if (noise.shape().dim(0) != samples.length) {
      throw new IllegalArgumentException(
          "noise is " + noise + ", expected a row for each of " + samples.length + " samples");
    }
    Tensor streams = session.arena().allocate(DType.INT32, Shape.of(samples.length, 2));
    GaussianNoise.fill(
        session.kernels(), streams, noise, seed, row -> Rng.stream(NOISE, epoch, samples[row]));
  }
}
