package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Activations, every tensor of type T. ≤ 1e-5 relative in float32. */
public interface ActivationKernels {
  /**
   * {@code y = gelu(x)} and {@code slope = gelu′(x)}, which the backward needs in place of x.
   *
   * @param slope may be null, or {@code x}
   */
  void geluForward(Gelu gelu, Tensor x, Tensor y, Tensor slope);

  /** {@code dx = dy·slope}; {@code dx} may be {@code dy} or {@code slope}. */
  void geluBackward(Tensor slope, Tensor dy, Tensor dx);

  /** {@code y = x·σ(x)} (Elfwing et al. 2018), σ the logistic function. */
  void siluForward(Tensor x, Tensor y);

  /** {@code dx = dy·(σ(x) + x·σ(x)·(1 − σ(x)))}; {@code dx} may be {@code dy} or {@code x}. */
  void siluBackward(Tensor x, Tensor dy, Tensor dx);

  /**
   * {@code y = a·gelu(b)} with the exact GELU (Shazeer 2020), where a row of x is [a, b].
   *
   * @param shape rows of C, dense
   * @param x (rows, 2·C)
   * @param y (rows, C)
   */
  void gegluForward(RowsShape shape, Tensor x, Tensor y);

  /**
   * {@code da = dy·gelu(b)} and {@code db = dy·a·gelu′(b)}, where a row of dx is [da, db].
   *
   * @param x (rows, 2·C)
   * @param dy (rows, C)
   * @param dx (rows, 2·C); may be {@code x}
   */
  void gegluBackward(RowsShape shape, Tensor x, Tensor dy, Tensor dx);
}
