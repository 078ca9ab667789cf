package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.LinearKernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.Tensor;

/** {@code linear.cu}. */
interface CudaLinear extends LinearKernels, CudaContext {
  @Override
  default void linearForward(
      LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y) {
    check(
        NativeCuda.ap_linear_forward(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            weight.address(),
            CudaContext.addressOrNull(bias),
            CudaContext.addressOrNull(base),
            CudaContext.type(y),
            y.address()));
  }

  @Override
  default void linearGeluForward(
      LinearShape s, Gelu gelu, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope) {
    check(
        NativeCuda.ap_linear_gelu_forward(
            context(),
            CudaContext.type(x),
            CudaContext.gelu(gelu),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            weight.address(),
            CudaContext.addressOrNull(bias),
            y.address(),
            CudaContext.addressOrNull(slope)));
  }

  @Override
  default void linearBackwardInput(
      LinearShape s, Tensor dy, Tensor weight, Tensor scale, Tensor dx) {
    check(
        NativeCuda.ap_linear_backward_input(
            context(),
            CudaContext.type(dy),
            s.rows(),
            s.in(),
            s.out(),
            dy.address(),
            weight.address(),
            CudaContext.addressOrNull(scale),
            dx.address()));
  }

  @Override
  default void linearBackwardWeight(
      LinearShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    check(
        NativeCuda.ap_linear_backward_weight(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.in(),
            s.out(),
            x.address(),
            dy.address(),
            dWeight.address(),
            CudaContext.addressOrNull(dBias)));
  }
}
