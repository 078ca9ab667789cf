package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.LayerNormKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code layer_norm.cu}. */
interface CudaLayerNorm extends LayerNormKernels, CudaContext {
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
        NativeCuda.ap_layer_norm_forward(
            context(),
            CudaContext.type(x),
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
        NativeCuda.ap_layer_norm_backward(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            gain.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            CudaContext.addressOrNull(base),
            dx.address()));
  }

  @Override
  default void layerNormBackwardParameters(
      RowsShape s, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    check(
        NativeCuda.ap_layer_norm_backward_parameters(
            context(),
            CudaContext.type(x),
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
