package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Convolution of feature maps that lie pixel by pixel, all channels of a pixel together: a map (B,
 * H, W, C) is at the same time B sequences of H·W tokens. Weights lie as PyTorch's checkpoints have
 * them. Maps, their gradients, weights and patches are of type T. ≤ 1e-5 relative in float32. A NaN
 * in a map reaches what sees it; of an odd number of BFLOAT16 channels, it may also reach the
 * windows beside those. In a weight, it may reach what sees it at the zeros outside.
 */
public interface ConvolutionKernels {
  /**
   * {@code y[b, i, j, o] = bias[o] + Σ x[b, i·stride − padding + u, j·stride − padding + v, c] ·
   * weight[o, c, u, v]}, where x is 0 outside.
   *
   * @param x (B, H, W, in)
   * @param weight (out, in, k, k)
   * @param bias (out), or null for none
   * @param y (B, Ho, Wo, out)
   */
  void convolutionForward(ConvolutionShape shape, Tensor x, Tensor weight, Tensor bias, Tensor y);

  /**
   * {@code dx =} the gradient by x.
   *
   * @param dy (B, Ho, Wo, out)
   * @param weight (out, in, k, k)
   * @param dx (B, H, W, in)
   */
  void convolutionBackwardInput(ConvolutionShape shape, Tensor dy, Tensor weight, Tensor dx);

  /**
   * {@code dWeight +=} the gradient by the weight, {@code dBias += Σ dy} over samples and pixels.
   *
   * @param x (B, H, W, in)
   * @param dy (B, Ho, Wo, out)
   * @param dWeight (out, in, k, k), FLOAT32
   * @param dBias (out), or null
   */
  void convolutionBackwardWeight(
      ConvolutionShape shape, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias);

  /**
   * {@code patches[b, i·Wo + j, c, u, v] = x[b, i·stride − padding + u, j·stride − padding + v,
   * c]}, 0 outside x: the convolution is a linear layer on them. Exact.
   *
   * @param x (B, H, W, in)
   * @param patches (B, Ho·Wo, in·k·k)
   */
  void unfold(ConvolutionShape shape, Tensor x, Tensor patches);
}
