package dev.autoprog.backend.jni;

import dev.autoprog.kernel.LayerNormKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code layer_norm.cpp} and {@code layer_norm.cu}. */
interface NativeLayerNorm extends LayerNormKernels, NativeContext {
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
    check(
        KernelFunctions.ap_layer_norm_forward(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.columns(),
            epsilon,
            x.address(),
            gain.address(),
            bias.address(),
            y.address(),
            mean.address(),
            rstd.address()));
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
    check(
        KernelFunctions.ap_layer_norm_backward(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            gain.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            NativeContext.addressOrNull(base),
            dx.address()));
  }

  @Override
  default void layerNormBackwardParameters(
      RowsShape s, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    check(
        KernelFunctions.ap_layer_norm_backward_parameters(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            dGain.address(),
            dBias.address()));
  }
}
