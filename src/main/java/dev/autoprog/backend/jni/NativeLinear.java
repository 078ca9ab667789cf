package dev.autoprog.backend.jni;

import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.LinearKernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code linear.cpp} and {@code linear.cu}. */
interface NativeLinear extends LinearKernels, NativeContext {
  @Override
  default void linearForward(
      LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y) {
    check(
        KernelFunctions.ap_linear_forward(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            weight.address(),
            NativeContext.addressOrNull(bias),
            NativeContext.addressOrNull(base),
            NativeContext.type(y),
            y.address()));
  }

  @Override
  default void linearGeluForward(
      LinearShape s, Gelu gelu, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope) {
    check(
        KernelFunctions.ap_linear_gelu_forward(
            context(),
            NativeContext.type(x),
            NativeContext.gelu(gelu),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            weight.address(),
            NativeContext.addressOrNull(bias),
            y.address(),
            NativeContext.addressOrNull(slope)));
  }

  @Override
  default void linearBackwardInput(
      LinearShape s, Tensor dy, Tensor weight, Tensor scale, Tensor dx) {
    check(
        KernelFunctions.ap_linear_backward_input(
            context(),
            NativeContext.type(dy),
            s.rows(),
            s.in(),
            s.out(),
            dy.address(),
            weight.address(),
            NativeContext.addressOrNull(scale),
            dx.address()));
  }

  @Override
  default void linearBackwardWeight(
      LinearShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    check(
        KernelFunctions.ap_linear_backward_weight(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            dy.address(),
            dWeight.address(),
            NativeContext.addressOrNull(dBias)));
  }
}
