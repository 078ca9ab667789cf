package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Activations, every tensor of type T. ≤ 1e-5 relative in float32. */
public interface ActivationKernels {
  /** {@code y = x·Φ(x)}, the exact GELU by the error function (Hendrycks and Gimpel 2016). */
  void geluForward(Tensor x, Tensor y);

  /** {@code dx = dy·(Φ(x) + x·φ(x))}; {@code dx} may be {@code dy}. */
  void geluBackward(Tensor x, Tensor dy, Tensor dx);
}
