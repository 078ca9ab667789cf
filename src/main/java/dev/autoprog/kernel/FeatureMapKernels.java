package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Feature maps (B, H, W, C) made larger, joined and split. All are of type T. */
public interface FeatureMapKernels {
  /**
   * {@code y[b, i, j] = x[b, ⌊i/2⌋, ⌊j/2⌋]}: twice the height and width, nearest. Exact.
   *
   * @param x (B, H, W, C)
   * @param y (B, 2H, 2W, C)
   */
  void upsampleForward(FeatureMapShape shape, Tensor x, Tensor y);

  /**
   * {@code dx[b, i, j] =} the sum of dy over the four pixels that x[b, i, j] went to. ≤ 1e-5
   * relative in float32.
   *
   * @param dy (B, 2H, 2W, C)
   * @param dx (B, H, W, C)
   */
  void upsampleBackward(FeatureMapShape shape, Tensor dy, Tensor dx);

  /**
   * {@code out[r] = [a[r]; b[r]]}. Exact.
   *
   * @param a (rows, first)
   * @param b (rows, second)
   * @param out (rows, first + second)
   */
  void concatenate(ConcatenationShape shape, Tensor a, Tensor b, Tensor out);

  /**
   * {@code a[r] = x[r, …first]}, {@code b[r] = x[r, first…]}: undoes {@link #concatenate}, and is
   * its backward. Exact.
   *
   * @param x (rows, first + second)
   * @param a (rows, first), or null
   * @param b (rows, second), or null
   */
  void split(ConcatenationShape shape, Tensor x, Tensor a, Tensor b);
}
