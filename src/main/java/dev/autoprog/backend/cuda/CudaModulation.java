package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ModulationKernels;
import dev.autoprog.kernel.ModulationShape;
import dev.autoprog.tensor.Tensor;

/** {@code modulation.cu}. */
interface CudaModulation extends ModulationKernels, CudaContext {
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
        NativeCuda.ap_modulated_norm_forward(
            context(),
            CudaContext.type(x),
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
        NativeCuda.ap_modulated_norm_backward(
            context(),
            CudaContext.type(x),
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
            CudaContext.addressOrNull(base),
            CudaContext.addressOrNull(dx),
            CudaContext.addressOrNull(dModulation)));
  }

  @Override
  default void gateForward(
      ModulationShape s, int gate, Tensor x, Tensor branch, Tensor modulation, Tensor y) {
    check(
        NativeCuda.ap_gate_forward(
            context(),
            CudaContext.type(x),
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
        NativeCuda.ap_gate_backward(
            context(),
            CudaContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            s.chunks(),
            gate,
            dy.address(),
            branch.address(),
            modulation.address(),
            CudaContext.addressOrNull(dBranch),
            CudaContext.addressOrNull(dModulation)));
  }

  @Override
  default void addToTokens(ModulationShape s, Tensor x, Tensor t, Tensor y) {
    check(
        NativeCuda.ap_add_to_tokens(
            context(),
            CudaContext.type(x),
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
        NativeCuda.ap_sum_over_tokens(
            context(),
            CudaContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dT.address()));
  }
}
