package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code activation.cpp} and {@code activation.cu}. */
interface NativeActivation extends ActivationKernels, NativeContext {
  @Override
  default void geluForward(Gelu gelu, Tensor x, Tensor y, Tensor slope) {
    check(
        KernelFunctions.ap_gelu_forward(
            context(),
            NativeContext.type(x),
            NativeContext.gelu(gelu),
            x.elements(),
            x.address(),
            y.address(),
            NativeContext.addressOrNull(slope)));
  }

  @Override
  default void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    check(
        KernelFunctions.ap_gelu_backward(
            context(),
            NativeContext.type(slope),
            slope.elements(),
            slope.address(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void siluForward(Tensor x, Tensor y) {
    check(
        KernelFunctions.ap_silu_forward(
            context(), NativeContext.type(x), x.elements(), x.address(), y.address()));
  }

  @Override
  default void siluBackward(Tensor x, Tensor dy, Tensor dx) {
    check(
        KernelFunctions.ap_silu_backward(
            context(),
            NativeContext.type(x),
            x.elements(),
            x.address(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void gegluForward(RowsShape s, Tensor x, Tensor y) {
    check(
        KernelFunctions.ap_geglu_forward(
            context(), NativeContext.type(x), s.rows(), s.columns(), x.address(), y.address()));
  }

  @Override
  default void gegluBackward(RowsShape s, Tensor x, Tensor dy, Tensor dx) {
    check(
        KernelFunctions.ap_geglu_backward(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            dy.address(),
            dx.address()));
  }
}
