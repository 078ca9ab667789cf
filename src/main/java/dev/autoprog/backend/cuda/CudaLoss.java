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

  @Override
  default void meanSquaredErrorForward(
      RowsShape s, Tensor prediction, Tensor target, Tensor losses) {
    check(
        NativeCuda.ap_mean_squared_error_forward(
            context(),
            CudaContext.type(prediction),
            s.rows(),
            s.columns(),
            s.stride(),
            prediction.address(),
            target.address(),
            losses.address()));
  }

  @Override
  default void meanSquaredErrorBackward(
      RowsShape s, Tensor prediction, Tensor target, float scale, Tensor dPrediction) {
    check(
        NativeCuda.ap_mean_squared_error_backward(
            context(),
            CudaContext.type(prediction),
            s.rows(),
            s.columns(),
            s.stride(),
            prediction.address(),
            target.address(),
            scale,
            dPrediction.address()));
  }

  @Override
  default void variationalBoundForward(
      RowsShape s,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      Tensor losses) {
    check(
        NativeCuda.ap_variational_bound_forward(
            context(),
            CudaContext.type(prediction),
            s.rows(),
            s.columns(),
            prediction.address(),
            clean.address(),
            noisy.address(),
            coefficients.address(),
            losses.address()));
  }

  @Override
  default void variationalBoundBackward(
      RowsShape s,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      float scale,
      Tensor dPrediction) {
    check(
        NativeCuda.ap_variational_bound_backward(
            context(),
            CudaContext.type(prediction),
            s.rows(),
            s.columns(),
            prediction.address(),
            clean.address(),
            noisy.address(),
            coefficients.address(),
            scale,
            dPrediction.address()));
  }
}
