package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.tensor.Tensor;

/** {@code activation.cu}. */
interface CudaActivation extends ActivationKernels, CudaContext {
  @Override
  default void geluForward(Tensor x, Tensor y, Tensor slope) {
    check(
        NativeCuda.ap_gelu_forward(
            context(),
            CudaContext.type(x),
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
}
