package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Operations element by element, and sums over rows. */
public interface ElementwiseKernels {
  /** {@code x = value}, every element; x is of type T. */
  void fill(Tensor x, float value);

  /**
   * {@code out = a + b}, of type T; {@code out} may be {@code a} or {@code b}. Equal shapes, exact
   * rounding.
   */
  void add(Tensor a, Tensor b, Tensor out);

  /**
   * {@code out[b] = a[b]·x[b] + b[b]·y[b]}: two samples mixed, with factors of each. ≤ 1e-6
   * relative to the terms in float32.
   *
   * @param shape B rows of all elements of a sample, dense
   * @param a (B)
   * @param x (B, …), of type T
   * @param b (B)
   * @param y (B, …), of type T
   * @param out (B, …), of type T; may be {@code x} or {@code y}
   */
  void mixRows(RowsShape shape, Tensor a, Tensor x, Tensor b, Tensor y, Tensor out);

  /**
   * {@code out = a·x + b·y + c·z}; {@code z} may be null, and {@code out} any of them. ≤ 1e-5
   * relative. An element's bits do not depend on its place.
   */
  void linearCombination(float a, Tensor x, float b, Tensor y, float c, Tensor z, Tensor out);

  /**
   * {@code out = x + exp(min(a·v + b, 80))·z}, which is noise z with a log deviation that is affine
   * in v; {@code out} may be any of them. ≤ 1e-5 relative. An element's bits do not depend on its
   * place.
   */
  void addExponential(Tensor x, float a, Tensor v, float b, Tensor z, Tensor out);

  /**
   * {@code out = min(max(x, low), high)}; {@code out} may be {@code x}. A NaN stays one.
   *
   * @param low at most {@code high}
   */
  void clamp(float low, float high, Tensor x, Tensor out);

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
