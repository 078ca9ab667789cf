package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Layer norm over the last dimension (Ba et al. 2016, eq. 4): {@code y = (x − μ)·rstd·gain + bias},
 * {@code rstd = 1/√(σ² + ε)}, σ² the population variance. {@code x}, {@code y}, {@code base} and
 * their gradients are of type T. ≤ 1e-5 relative in float32.
 */
public interface LayerNormKernels {
  /**
   * The forward pass; saves each row's statistics.
   *
   * @param shape rows and C, dense
   * @param x (rows, C)
   * @param gain (C)
   * @param bias (C)
   * @param y (rows, C)
   * @param mean (rows)
   * @param rstd (rows)
   */
  void layerNormForward(
      RowsShape shape,
      float epsilon,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd);

  /**
   * {@code dx = base + } the gradient by x.
   *
   * @param x (rows, C), as in the forward
   * @param gain (C)
   * @param mean (rows), the forward's
   * @param rstd (rows), the forward's
   * @param dy (rows, C)
   * @param base (rows, C): what else flows into x (the residual's gradient), or null for nothing
   * @param dx (rows, C); may be {@code base}
   */
  void layerNormBackward(
      RowsShape shape,
      Tensor x,
      Tensor gain,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx);

  /**
   * {@code dGain += Σ dy·(x − μ)·rstd} and {@code dBias += Σ dy} over the rows.
   *
   * @param dGain (C)
   * @param dBias (C)
   */
  void layerNormBackwardParameters(
      RowsShape shape, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias);
}
