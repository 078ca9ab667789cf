package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Activations, every tensor of type T. ≤ 1e-5 relative in float32. */
public interface ActivationKernels {
  /**
   * {@code y = x·Φ(x)}, the exact GELU by the error function (Hendrycks and Gimpel 2016), and
   * {@code slope = Φ(x) + x·φ(x)}, its derivative, which the backward needs in place of x.
   *
   * @param slope may be null, or {@code x}
   */
  void geluForward(Tensor x, Tensor y, Tensor slope);

  /** {@code dx = dy·slope}; {@code dx} may be {@code dy} or {@code slope}. */
  void geluBackward(Tensor slope, Tensor dy, Tensor dx);
}
