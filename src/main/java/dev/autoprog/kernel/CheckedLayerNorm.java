package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link LayerNormKernels}. */
interface CheckedLayerNorm extends CheckedFamily, LayerNormKernels {
  @Override
  default void layerNormForward(
      RowsShape s,
      float epsilon,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    begin("layerNormForward")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("gain", gain, s.columns())
        .input("bias", bias, s.columns())
        .result("y", y, elements(s.rows(), s.columns()))
        .output("mean", mean, s.rows())
        .output("rstd", rstd, s.rows());
    unchecked().layerNormForward(s, epsilon, x, gain, bias, y, mean, rstd);
  }

  @Override
  default void layerNormBackward(
      RowsShape s,
      Tensor x,
      Tensor gain,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx) {
    begin("layerNormBackward")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("gain", gain, s.columns())
        .input("mean", mean, s.rows())
        .input("rstd", rstd, s.rows())
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .activationOrNull("base", base, elements(s.rows(), s.columns()))
        .result("dx", dx, elements(s.rows(), s.columns()), base);
    unchecked().layerNormBackward(s, x, gain, mean, rstd, dy, base, dx);
  }

  @Override
  default void layerNormBackwardParameters(
      RowsShape s, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    begin("layerNormBackwardParameters")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("mean", mean, s.rows())
        .input("rstd", rstd, s.rows())
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .output("dGain", dGain, s.columns())
        .output("dBias", dBias, s.columns());
    unchecked().layerNormBackwardParameters(s, x, mean, rstd, dy, dGain, dBias);
  }
}
