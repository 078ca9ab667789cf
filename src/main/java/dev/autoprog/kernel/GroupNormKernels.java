package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Group norm (Wu and He 2018, eq. 7) over the pixels and channels of each group of a sample: {@code
 * z = (x − μ)·rstd·gain + bias}, {@code rstd = 1/√(σ² + ε)}, σ² the population variance; then
 * {@code y = z}, or with {@code silu} {@code y = z·σ(z)}, σ the logistic function (Elfwing et al.
 * 2018). {@code x}, {@code y}, {@code base} and their gradients are of type T. The backward kernels
 * find z again from x. ≤ 1e-5 relative in float32.
 */
public interface GroupNormKernels {
  /**
   * The forward pass; saves each group's statistics.
   *
   * @param silu whether SiLU follows the norm
   * @param x (B, N, C)
   * @param gain (C)
   * @param bias (C)
   * @param y (B, N, C)
   * @param mean (B, G)
   * @param rstd (B, G)
   */
  void groupNormForward(
      GroupShape shape,
      float epsilon,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd);

  /**
   * {@code dx = base + } the gradient by x.
   *
   * @param silu as in the forward
   * @param x (B, N, C), as in the forward
   * @param gain (C)
   * @param bias (C)
   * @param mean (B, G), the forward's
   * @param rstd (B, G), the forward's
   * @param dy (B, N, C)
   * @param base (B, N, C): what else flows into x, or null for nothing
   * @param dx (B, N, C); may be {@code base}
   */
  void groupNormBackward(
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx);

  /**
   * {@code dGain += Σ dz·(x − μ)·rstd} and {@code dBias += Σ dz} over samples and pixels, where dz
   * is the gradient by z.
   *
   * @param dGain (C)
   * @param dBias (C)
   */
  void groupNormBackwardParameters(
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor dGain,
      Tensor dBias);
}
