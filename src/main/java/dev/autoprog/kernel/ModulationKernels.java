package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * How a condition reaches the tokens of a diffusion model: adaLN-Zero of diffusion transformers
 * (Peebles and Xie 2023, fig. 3) and the time embedding of UNets (Ho et al. 2020). {@code
 * modulation} (B, chunks, C) is what a linear layer made of each sample's condition; a call uses
 * one or two of its chunks, named by index from 0. Everything but statistics is of type T. Sums
 * over tokens are float32, rounded once. ≤ 1e-5 relative in float32.
 */
public interface ModulationKernels {
  /**
   * {@code y = (x − μ)·rstd·(1 + m_scale) + m_shift}: a {@linkplain LayerNormKernels layer norm}
   * whose gain and bias are chunks of the sample's modulation m.
   *
   * @param shift chunk
   * @param scale another chunk
   * @param x (B, N, C)
   * @param modulation (B, chunks, C)
   * @param y (B, N, C)
   * @param mean (B, N)
   * @param rstd (B, N)
   */
  void modulatedNormForward(
      ModulationShape shape,
      int shift,
      int scale,
      float epsilon,
      Tensor x,
      Tensor modulation,
      Tensor y,
      Tensor mean,
      Tensor rstd);

  /**
   * {@code dx = base + } the gradient by x, and of {@code dModulation} the two chunks {@code = Σ
   * dy} and {@code = Σ dy·(x − μ)·rstd} over the tokens; its other chunks are left as they are.
   *
   * @param mean (B, N), the forward's
   * @param rstd (B, N), the forward's
   * @param dy (B, N, C)
   * @param base (B, N, C): what else flows into x, or null for nothing
   * @param dx (B, N, C), or null if it is not wanted; may be {@code base}
   * @param dModulation (B, chunks, C), or null if it is not wanted
   */
  void modulatedNormBackward(
      ModulationShape shape,
      int shift,
      int scale,
      Tensor x,
      Tensor modulation,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx,
      Tensor dModulation);

  /**
   * {@code y = x + m_gate·branch}.
   *
   * @param gate chunk
   * @param x (B, N, C)
   * @param branch (B, N, C)
   * @param modulation (B, chunks, C)
   * @param y (B, N, C); may be {@code x}
   */
  void gateForward(
      ModulationShape shape, int gate, Tensor x, Tensor branch, Tensor modulation, Tensor y);

  /**
   * {@code dBranch = m_gate·dy}, and of {@code dModulation} the chunk {@code = Σ dy·branch} over
   * the tokens; its other chunks are left as they are. (By x the gradient is {@code dy} itself.)
   *
   * @param dy (B, N, C)
   * @param dBranch (B, N, C), or null if it is not wanted
   * @param dModulation (B, chunks, C), or null if it is not wanted
   */
  void gateBackward(
      ModulationShape shape,
      int gate,
      Tensor dy,
      Tensor branch,
      Tensor modulation,
      Tensor dBranch,
      Tensor dModulation);

  /**
   * {@code y[b, n] = x[b, n] + t[b]}.
   *
   * @param shape of one chunk
   * @param x (B, N, C)
   * @param t (B, C)
   * @param y (B, N, C); may be {@code x}
   */
  void addToTokens(ModulationShape shape, Tensor x, Tensor t, Tensor y);

  /**
   * {@code dT[b] = Σ_n dy[b, n]}: what {@link #addToTokens} does to t.
   *
   * @param shape of one chunk
   * @param dy (B, N, C)
   * @param dT (B, C)
   */
  void sumOverTokens(ModulationShape shape, Tensor dy, Tensor dT);
}
