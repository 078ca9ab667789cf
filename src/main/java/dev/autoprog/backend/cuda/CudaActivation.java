package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code activation.cu}. */
interface CudaActivation extends ActivationKernels, CudaContext {
  @Override
  default void geluForward(Gelu gelu, Tensor x, Tensor y, Tensor slope) {
    check(
        NativeCuda.ap_gelu_forward(
            context(),
            CudaContext.type(x),
            CudaContext.gelu(gelu),
            x.elements(),
            x.address(),
            y.address(),
            CudaContext.addressOrNull(slope)));
  }

  @Override
  default void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    check(
        NativeCuda.ap_gelu_backward(
            context(),
            CudaContext.type(slope),
            slope.elements(),
            slope.address(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void siluForward(Tensor x, Tensor y) {
    check(
        NativeCuda.ap_silu_forward(
            context(), CudaContext.type(x), x.elements(), x.address(), y.address()));
  }

  @Override
  default void siluBackward(Tensor x, Tensor dy, Tensor dx) {
    check(
        NativeCuda.ap_silu_backward(
            context(), CudaContext.type(x), x.elements(), x.address(), dy.address(), dx.address()));
  }

  @Override
  default void gegluForward(RowsShape s, Tensor x, Tensor y) {
    check(
        NativeCuda.ap_geglu_forward(
            context(), CudaContext.type(x), s.rows(), s.columns(), x.address(), y.address()));
  }

  @Override
  default void gegluBackward(RowsShape s, Tensor x, Tensor dy, Tensor dx) {
    check(
        NativeCuda.ap_geglu_backward(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            dy.address(),
            dx.address()));
  }
}
