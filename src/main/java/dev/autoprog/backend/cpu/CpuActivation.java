package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code activation.cpp}. */
interface CpuActivation extends ActivationKernels, CpuContext {
  @Override
  default void geluForward(Gelu gelu, Tensor x, Tensor y, Tensor slope) {
    check(
        NativeCpu.ap_gelu_forward(
            context(),
            CpuContext.type(x),
            CpuContext.gelu(gelu),
            x.elements(),
            x.address(),
            y.address(),
            CpuContext.addressOrNull(slope)));
  }

  @Override
  default void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    check(
        NativeCpu.ap_gelu_backward(
            context(),
            CpuContext.type(slope),
            slope.elements(),
            slope.address(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void siluForward(Tensor x, Tensor y) {
    check(
        NativeCpu.ap_silu_forward(
            context(), CpuContext.type(x), x.elements(), x.address(), y.address()));
  }

  @Override
  default void siluBackward(Tensor x, Tensor dy, Tensor dx) {
    check(
        NativeCpu.ap_silu_backward(
            context(), CpuContext.type(x), x.elements(), x.address(), dy.address(), dx.address()));
  }

  @Override
  default void gegluForward(RowsShape s, Tensor x, Tensor y) {
    check(
        NativeCpu.ap_geglu_forward(
            context(), CpuContext.type(x), s.rows(), s.columns(), x.address(), y.address()));
  }

  @Override
  default void gegluBackward(RowsShape s, Tensor x, Tensor dy, Tensor dx) {
    check(
        NativeCpu.ap_geglu_backward(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            dy.address(),
            dx.address()));
  }
}
