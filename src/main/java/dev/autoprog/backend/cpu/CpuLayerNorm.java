package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.LayerNormKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code layer_norm.cpp}. */
interface CpuLayerNorm extends LayerNormKernels, CpuContext {
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
        NativeCpu.ap_layer_norm_forward(
            context(),
            CpuContext.type(x),
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
        NativeCpu.ap_layer_norm_backward(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            gain.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            CpuContext.addressOrNull(base),
            dx.address()));
  }

  @Override
  default void layerNormBackwardParameters(
      RowsShape s, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    check(
        NativeCpu.ap_layer_norm_backward_parameters(
            context(),
            CpuContext.type(x),
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
