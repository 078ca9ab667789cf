package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.LinearKernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.Tensor;

/** {@code linear.cpp}. */
interface CpuLinear extends LinearKernels, CpuContext {
  @Override
  default void linearForward(
      LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y) {
    check(
        NativeCpu.ap_linear_forward(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            weight.address(),
            CpuContext.addressOrNull(bias),
            CpuContext.addressOrNull(base),
            CpuContext.type(y),
            y.address()));
  }

  @Override
  default void linearGeluForward(
      LinearShape s, Gelu gelu, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope) {
    check(
        NativeCpu.ap_linear_gelu_forward(
            context(),
            CpuContext.type(x),
            CpuContext.gelu(gelu),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            weight.address(),
            CpuContext.addressOrNull(bias),
            y.address(),
            CpuContext.addressOrNull(slope)));
  }

  @Override
  default void linearBackwardInput(
      LinearShape s, Tensor dy, Tensor weight, Tensor scale, Tensor dx) {
    check(
        NativeCpu.ap_linear_backward_input(
            context(),
            CpuContext.type(dy),
            s.rows(),
            s.in(),
            s.out(),
            dy.address(),
            weight.address(),
            CpuContext.addressOrNull(scale),
            dx.address()));
  }

  @Override
  default void linearBackwardWeight(
      LinearShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    check(
        NativeCpu.ap_linear_backward_weight(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            dy.address(),
            dWeight.address(),
            CpuContext.addressOrNull(dBias)));
  }
}
