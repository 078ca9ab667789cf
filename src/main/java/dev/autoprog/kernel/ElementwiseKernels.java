package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Operations element by element, and sums over rows. */
public interface ElementwiseKernels {
  /** {@code x = value}, every element. */
  void fill(Tensor x, float value);

  /**
   * {@code out = a + b}, of type T; {@code out} may be {@code a} or {@code b}. Equal shapes, exact
   * rounding.
   */
  void add(Tensor a, Tensor b, Tensor out);

  /** {@code to = from}, each FLOAT32 or BFLOAT16, rounded to nearest even. */
  void convert(Tensor from, Tensor to);

  /**
   * {@code sum[c] += Σ_r x[r·stride + c]}: the gradient of whatever was broadcast over rows (a
   * bias, a class token, positions). ≤ 1e-5 relative.
   *
   * @param x of type T; holds at least {@code (rows − 1)·stride + columns} elements
   * @param sum (columns)
   */
  void sumRows(RowsShape shape, Tensor x, Tensor sum);
}
