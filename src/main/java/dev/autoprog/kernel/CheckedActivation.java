package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ActivationKernels}. */
interface CheckedActivation extends CheckedFamily, ActivationKernels {
  @Override
  default void geluForward(Tensor x, Tensor y, Tensor slope) {
    ArgumentChecks checks = begin("geluForward").activation("x", x).result("y", y, x.elements());
    if (slope != null) {
      checks.result("slope", slope, x.elements(), x);
    }
    unchecked().geluForward(x, y, slope);
  }

  @Override
  default void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    begin("geluBackward")
        .activation("slope", slope)
        .activation("dy", dy, slope.elements())
        .result("dx", dx, slope.elements(), dy, slope);
    unchecked().geluBackward(slope, dy, dx);
  }
}
