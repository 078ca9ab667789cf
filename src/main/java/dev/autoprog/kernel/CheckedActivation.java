package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ActivationKernels}. */
interface CheckedActivation extends CheckedFamily, ActivationKernels {
  @Override
  default void geluForward(Gelu gelu, Tensor x, Tensor y, Tensor slope) {
    ArgumentChecks checks = begin("geluForward").activation("x", x).result("y", y, x.elements());
    if (slope != null) {
      checks.result("slope", slope, x.elements(), x);
    }
    unchecked().geluForward(gelu, x, y, slope);
  }

  @Override
  default void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    begin("geluBackward")
        .activation("slope", slope)
        .activation("dy", dy, slope.elements())
        .result("dx", dx, slope.elements(), dy, slope);
    unchecked().geluBackward(slope, dy, dx);
  }

  @Override
  default void siluForward(Tensor x, Tensor y) {
    begin("siluForward").activation("x", x).result("y", y, x.elements());
    unchecked().siluForward(x, y);
  }

  @Override
  default void siluBackward(Tensor x, Tensor dy, Tensor dx) {
    begin("siluBackward")
        .activation("x", x)
        .activation("dy", dy, x.elements())
        .result("dx", dx, x.elements(), dy, x);
    unchecked().siluBackward(x, dy, dx);
  }

  @Override
  default void gegluForward(RowsShape s, Tensor x, Tensor y) {
    begin("gegluForward")
        .dense(s)
        .activation("x", x, elements(s.rows(), 2, s.columns()))
        .result("y", y, elements(s.rows(), s.columns()));
    unchecked().gegluForward(s, x, y);
  }

  @Override
  default void gegluBackward(RowsShape s, Tensor x, Tensor dy, Tensor dx) {
    begin("gegluBackward")
        .dense(s)
        .activation("x", x, elements(s.rows(), 2, s.columns()))
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .result("dx", dx, elements(s.rows(), 2, s.columns()), x);
    unchecked().gegluBackward(s, x, dy, dx);
  }
}
