package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.GroupNormKernels;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.tensor.Tensor;

/** {@code group_norm.cpp}. */
interface CpuGroupNorm extends GroupNormKernels, CpuContext {
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
        NativeCpu.ap_group_norm_forward(
            context(),
            CpuContext.type(x),
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
        NativeCpu.ap_group_norm_backward(
            context(),
            CpuContext.type(x),
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
            CpuContext.addressOrNull(base),
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
        NativeCpu.ap_group_norm_backward_parameters(
            context(),
            CpuContext.type(x),
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
