package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.LossKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code loss.cu}. */
interface CudaLoss extends LossKernels, CudaContext {
  @Override
  default void crossEntropyForward(
      RowsShape s,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor losses,
      Tensor logSumExp) {
    check(
        NativeCuda.ap_cross_entropy_forward(
            context(),
            s.rows(),
            s.columns(),
            logits.address(),
            labels.address(),
            CudaContext.addressOrNull(partners),
            CudaContext.addressOrNull(lambda),
            smoothing,
            losses.address(),
            logSumExp.address()));
  }

  @Override
  default void crossEntropyBackward(
      RowsShape s,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor logSumExp,
      float scale,
      Tensor dLogits) {
    check(
        NativeCuda.ap_cross_entropy_backward(
            context(),
            s.rows(),
            s.columns(),
            logits.address(),
            labels.address(),
            CudaContext.addressOrNull(partners),
            CudaContext.addressOrNull(lambda),
            smoothing,
            logSumExp.address(),
            scale,
            dLogits.address()));
  }
}
