package dev.autoprog.backend.jni;

import dev.autoprog.kernel.GroupNormKernels;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code group_norm.cpp} and {@code group_norm.cu}. */
interface NativeGroupNorm extends GroupNormKernels, NativeContext {
  @Override
  default void groupNormForward(
      GroupShape s,
      float epsilon,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    check(
        KernelFunctions.ap_group_norm_forward(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.pixels(),
            s.channels(),
            s.groups(),
            epsilon,
            silu ? 1 : 0,
            x.address(),
            gain.address(),
            bias.address(),
            y.address(),
            mean.address(),
            rstd.address()));
  }

  @Override
  default void groupNormBackward(
      GroupShape s,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx) {
    check(
        KernelFunctions.ap_group_norm_backward(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.pixels(),
            s.channels(),
            s.groups(),
            silu ? 1 : 0,
            x.address(),
            gain.address(),
            bias.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            NativeContext.addressOrNull(base),
            dx.address()));
  }

  @Override
  default void groupNormBackwardParameters(
      GroupShape s,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor dGain,
      Tensor dBias) {
    check(
        KernelFunctions.ap_group_norm_backward_parameters(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.pixels(),
            s.channels(),
            s.groups(),
            silu ? 1 : 0,
            x.address(),
            gain.address(),
            bias.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            dGain.address(),
            dBias.address()));
  }
}
