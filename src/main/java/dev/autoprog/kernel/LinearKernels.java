package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * The linear layer {@code y = x Wᵀ + b} and its gradients; {@code x}, {@code dx}, {@code y}, {@code
 * dy}, {@code slope}, {@code scale} and the weight are of type T. ≤ 1e-5 relative in float32.
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
   * {@code y = gelu(h)} and {@code slope = gelu′(h)} of {@code h = x Wᵀ + b}, as {@link
   * ActivationKernels#geluForward} has them.
   *
   * @param x (rows, in)
   * @param weight (out, in)
   * @param bias (out), or null for none
   * @param y (rows, out)
   * @param slope (rows, out), or null if it is not wanted
   */
  void linearGeluForward(
      LinearShape shape, Gelu gelu, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope);

  /**
   * {@code dx = (dy W)·scale}, the latter element by element.
   *
   * @param dy (rows, out)
   * @param weight (out, in)
   * @param scale (rows, in): the slope of an activation whose result is {@code x}, or null for 1
   * @param dx (rows, in)
   */
  void linearBackwardInput(LinearShape shape, Tensor dy, Tensor weight, Tensor scale, Tensor dx);

  /**
   * {@code dW += dyᵀ x} and {@code db += Σ dy} over the rows.
   *
   * @param x (rows, in)
   * @param dy (rows, out)
   * @param dWeight (out, in)
   * @param dBias (out), or null if it is not wanted
   */
  void linearBackwardWeight(LinearShape shape, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias);
}
