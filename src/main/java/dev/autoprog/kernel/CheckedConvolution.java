package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ConvolutionKernels}. */
interface CheckedConvolution extends CheckedFamily, ConvolutionKernels {
  @Override
  default void convolutionForward(
      ConvolutionShape s, Tensor x, Tensor weight, Tensor bias, Tensor y) {
    begin("convolutionForward")
        .activation("x", x, input(s))
        .activation("weight", weight, weight(s))
        .inputOrNull("bias", bias, s.out())
        .result("y", y, output(s));
    unchecked().convolutionForward(s, x, weight, bias, y);
  }

  @Override
  default void convolutionBackwardInput(ConvolutionShape s, Tensor dy, Tensor weight, Tensor dx) {
    begin("convolutionBackwardInput")
        .activation("dy", dy, output(s))
        .activation("weight", weight, weight(s))
        .result("dx", dx, input(s));
    unchecked().convolutionBackwardInput(s, dy, weight, dx);
  }

  @Override
  default void convolutionBackwardWeight(
      ConvolutionShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    begin("convolutionBackwardWeight")
        .activation("x", x, input(s))
        .activation("dy", dy, output(s))
        .output("dWeight", dWeight, weight(s))
        .outputOrNull("dBias", dBias, s.out());
    unchecked().convolutionBackwardWeight(s, x, dy, dWeight, dBias);
  }

  @Override
  default void unfold(ConvolutionShape s, Tensor x, Tensor patches) {
    begin("unfold")
        .activation("x", x, input(s))
        .result(
            "patches",
            patches,
            elements(s.batch(), s.outHeight(), s.outWidth(), s.in(), s.kernel(), s.kernel()));
    unchecked().unfold(s, x, patches);
  }

  private static long input(ConvolutionShape s) {
    return elements(s.batch(), s.height(), s.width(), s.in());
  }

  private static long output(ConvolutionShape s) {
    return elements(s.batch(), s.outHeight(), s.outWidth(), s.out());
  }

  private static long weight(ConvolutionShape s) {
    return elements(s.out(), s.in(), s.kernel(), s.kernel());
  }
}
