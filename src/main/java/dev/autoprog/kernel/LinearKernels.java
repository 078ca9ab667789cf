package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * The linear layer {@code y = x Wᵀ + b} and its gradients; {@code x}, {@code dx}, {@code y}, {@code
 * dy} and the weight are of type T. ≤ 1e-5 relative in float32.
 */
public interface LinearKernels {
  /**
   * {@code y = base + x Wᵀ + b}.
   *
   * @param x (rows, in)
   * @param weight (out, in)
   * @param bias (out), or null for none
   * @param base (rows, out), of type T: what the result is added to (a residual), or null for
   *     nothing
   * @param y (rows, out), of type T or FLOAT32
   */
  void linearForward(
      LinearShape shape, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y);

  /**
   * {@code dx = dy W}.
   *
   * @param dy (rows, out)
   * @param weight (out, in)
   * @param dx (rows, in)
   */
  void linearBackwardInput(LinearShape shape, Tensor dy, Tensor weight, Tensor dx);

  /**
   * {@code dW += dyᵀ x}. The bias's gradient is {@link ElementwiseKernels#sumRows} of {@code dy}.
   *
   * @param x (rows, in)
   * @param dy (rows, out)
   * @param dWeight (out, in)
   */
  void linearBackwardWeight(LinearShape shape, Tensor x, Tensor dy, Tensor dWeight);
}
