package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.tensor.Tensor;

/** {@code activation.cpp}. */
interface CpuActivation extends ActivationKernels, CpuContext {
  @Override
  default void geluForward(Tensor x, Tensor y, Tensor slope) {
    check(
        NativeCpu.ap_gelu_forward(
            context(),
            CpuContext.type(x),
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
}
