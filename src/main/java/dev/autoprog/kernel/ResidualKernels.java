package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * A residual branch with a factor per sample: 1, or for stochastic depth (Huang et al. 2016) 0 for
 * a dropped branch and 1/(1 − p) for a kept one. All but the factors is of type T. Exact rounding
 * of multiply and add.
 */
public interface ResidualKernels {
  /**
   * {@code y[b] = x[b] + scale[b]·branch[b]}.
   *
   * @param shape B rows of all elements of a sample, dense
   * @param x (B, …)
   * @param branch (B, …)
   * @param scale (B), or null for 1 everywhere
   * @param y (B, …); may be {@code x}
   */
  void residualForward(RowsShape shape, Tensor x, Tensor branch, Tensor scale, Tensor y);

  /**
   * {@code dBranch[b] = scale[b]·dy[b]}. (By x the gradient is {@code dy} itself.)
   *
   * @param scale (B)
   */
  void residualBackward(RowsShape shape, Tensor dy, Tensor scale, Tensor dBranch);
}
