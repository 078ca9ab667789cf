package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.LossKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code loss.cpp}. */
interface CpuLoss extends LossKernels, CpuContext {
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
        NativeCpu.ap_cross_entropy_forward(
            context(),
            s.rows(),
            s.columns(),
            logits.address(),
            labels.address(),
            CpuContext.addressOrNull(partners),
            CpuContext.addressOrNull(lambda),
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
        NativeCpu.ap_cross_entropy_backward(
            context(),
            s.rows(),
            s.columns(),
            logits.address(),
            labels.address(),
            CpuContext.addressOrNull(partners),
            CpuContext.addressOrNull(lambda),
            smoothing,
            logSumExp.address(),
            scale,
            dLogits.address()));
  }

  @Override
  default void meanSquaredErrorForward(
      RowsShape s, Tensor prediction, Tensor target, Tensor losses) {
    check(
        NativeCpu.ap_mean_squared_error_forward(
            context(),
            CpuContext.type(prediction),
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
        NativeCpu.ap_mean_squared_error_backward(
            context(),
            CpuContext.type(prediction),
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
        NativeCpu.ap_variational_bound_forward(
            context(),
            CpuContext.type(prediction),
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
        NativeCpu.ap_variational_bound_backward(
            context(),
            CpuContext.type(prediction),
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
