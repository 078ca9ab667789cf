package dev.autoprog.diffusion;

import dev.autoprog.tensor.Tensor;

/** A network, with its conditions, as a sampler sees it. */
@FunctionalInterface
public interface Denoiser {
  /**
   * Predicts.
   *
   * @param x FLOAT32 (B, C, …), the noisy samples; not to be changed
   * @param timestep t, the same for all of them
   * @param out FLOAT32 (B, C, …), or (B, 2·C, …) where the variance is learned: overwritten
   */
  void predict(Tensor x, int timestep, Tensor out);
}
