package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ModulationKernels;
import dev.autoprog.kernel.ModulationShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code modulation.cpp} and {@code modulation.cu}. */
interface NativeModulation extends ModulationKernels, NativeContext {
  @Override
  default void modulatedNormForward(
      ModulationShape s,
      int shift,
      int scale,
      float epsilon,
      Tensor x,
      Tensor modulation,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    check(
        KernelFunctions.ap_modulated_norm_forward(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            s.chunks(),
            shift,
            scale,
            epsilon,
            x.address(),
            modulation.address(),
            y.address(),
            mean.address(),
            rstd.address()));
  }

  @Override
  default void modulatedNormBackward(
      ModulationShape s,
      int shift,
      int scale,
      Tensor x,
      Tensor modulation,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx,
      Tensor dModulation) {
    check(
        KernelFunctions.ap_modulated_norm_backward(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            s.chunks(),
            shift,
            scale,
            x.address(),
            modulation.address(),
            mean.address(),
            rstd.address(),
            dy.address(),
            NativeContext.addressOrNull(base),
            NativeContext.addressOrNull(dx),
            NativeContext.addressOrNull(dModulation)));
  }

  @Override
  default void gateForward(
      ModulationShape s, int gate, Tensor x, Tensor branch, Tensor modulation, Tensor y) {
    check(
        KernelFunctions.ap_gate_forward(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            s.chunks(),
            gate,
            x.address(),
            branch.address(),
            modulation.address(),
            y.address()));
  }

  @Override
  default void gateBackward(
      ModulationShape s,
      int gate,
      Tensor dy,
      Tensor branch,
      Tensor modulation,
      Tensor dBranch,
      Tensor dModulation) {
    check(
        KernelFunctions.ap_gate_backward(
            context(),
            NativeContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            s.chunks(),
            gate,
            dy.address(),
            branch.address(),
            modulation.address(),
            NativeContext.addressOrNull(dBranch),
            NativeContext.addressOrNull(dModulation)));
  }

  @Override
  default void addToTokens(ModulationShape s, Tensor x, Tensor t, Tensor y) {
    check(
        KernelFunctions.ap_add_to_tokens(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            x.address(),
            t.address(),
            y.address()));
  }

  @Override
  default void sumOverTokens(ModulationShape s, Tensor dy, Tensor dT) {
    check(
        KernelFunctions.ap_sum_over_tokens(
            context(),
            NativeContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dT.address()));
  }
}
