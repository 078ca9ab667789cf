package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Tables of embeddings, and sinusoidal ones. Kernels do not refuse an index that is no row of the
 * table, since it may lie on a device: it gives a row of NaN, and no gradient. Whoever has indices
 * on the host checks them there.
 */
public interface EmbeddingKernels {
  /**
   * {@code y[i] = table[indices[i]]}, exactly.
   *
   * @param indices INT32 (count), each in 0 … rows − 1
   * @param table (rows, width), of type T
   * @param y (count, width), of type T
   */
  void embeddingForward(EmbeddingShape shape, Tensor indices, Tensor table, Tensor y);

  /**
   * {@code dTable[indices[i]] += dy[i]}, in the order of i. ≤ 1e-5 relative.
   *
   * @param indices INT32 (count)
   * @param dy (count, width), of type T
   * @param dTable (rows, width)
   */
  void embeddingBackward(EmbeddingShape shape, Tensor indices, Tensor dy, Tensor dTable);

  /**
   * {@code y[i] = [cos(t_i·ω_0) … cos(t_i·ω_h−1), sin(t_i·ω_0) … sin(t_i·ω_h−1)]} with h = ⌊width /
   * 2⌋ and {@code ω_j = maxPeriod^(−j/h)} (Vaswani et al. 2017, in the order of diffusion
   * transformers and of diffusers' {@code flip_sin_to_cos} with a frequency shift of 0); an odd
   * width ends with a 0. Angles are float64. ≤ 1e-6 relative.
   *
   * @param t (count), timesteps, whole or not
   * @param y (count, width), FLOAT32 or BFLOAT16; width at least 2
   */
  void timestepEmbedding(long count, long width, float maxPeriod, Tensor t, Tensor y);
}
