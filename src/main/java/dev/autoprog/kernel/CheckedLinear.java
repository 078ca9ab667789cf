package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link LinearKernels}. */
interface CheckedLinear extends CheckedFamily, LinearKernels {
  @Override
  default void linearForward(
      LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y) {
    begin("linearForward")
        .activation("x", x, elements(s.rows(), s.in()))
        .activation("weight", weight, elements(s.out(), s.in()))
        .inputOrNull("bias", bias, s.out())
        .activationOrNull("base", base, elements(s.rows(), s.out()))
        .resultOrFloats("y", y, elements(s.rows(), s.out()));
    unchecked().linearForward(s, x, weight, bias, base, y);
  }

  @Override
  default void linearGeluForward(
      LinearShape s, Gelu gelu, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope) {
    ArgumentChecks checks =
        begin("linearGeluForward")
            .activation("x", x, elements(s.rows(), s.in()))
            .activation("weight", weight, elements(s.out(), s.in()))
            .inputOrNull("bias", bias, s.out())
            .result("y", y, elements(s.rows(), s.out()));
    if (slope != null) {
      checks.result("slope", slope, elements(s.rows(), s.out()));
    }
    unchecked().linearGeluForward(s, gelu, x, weight, bias, y, slope);
  }

  @Override
  default void linearBackwardInput(
      LinearShape s, Tensor dy, Tensor weight, Tensor scale, Tensor dx) {
    begin("linearBackwardInput")
        .activation("dy", dy, elements(s.rows(), s.out()))
        .activation("weight", weight, elements(s.out(), s.in()))
        .activationOrNull("scale", scale, elements(s.rows(), s.in()))
        .result("dx", dx, elements(s.rows(), s.in()));
    unchecked().linearBackwardInput(s, dy, weight, scale, dx);
  }

  @Override
  default void linearBackwardWeight(
      LinearShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    begin("linearBackwardWeight")
        .activation("x", x, elements(s.rows(), s.in()))
        .activation("dy", dy, elements(s.rows(), s.out()))
        .output("dWeight", dWeight, elements(s.out(), s.in()))
        .outputOrNull("dBias", dBias, s.out());
    unchecked().linearBackwardWeight(s, x, dy, dWeight, dBias);
  }
}
