package dev.autoprog.backend.jni;

import dev.autoprog.kernel.LossKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code loss.cpp} and {@code loss.cu}. */
interface NativeLoss extends LossKernels, NativeContext {
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
        KernelFunctions.ap_cross_entropy_forward(
            context(),
            s.rows(),
            s.columns(),
            logits.address(),
            labels.address(),
            NativeContext.addressOrNull(partners),
            NativeContext.addressOrNull(lambda),
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
        KernelFunctions.ap_cross_entropy_backward(
            context(),
            s.rows(),
            s.columns(),
            logits.address(),
            labels.address(),
            NativeContext.addressOrNull(partners),
            NativeContext.addressOrNull(lambda),
            smoothing,
            logSumExp.address(),
            scale,
            dLogits.address()));
  }

  @Override
  default void meanSquaredErrorForward(
      RowsShape s, Tensor prediction, Tensor target, Tensor losses) {
    check(
        KernelFunctions.ap_mean_squared_error_forward(
            context(),
            NativeContext.type(prediction),
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
        KernelFunctions.ap_mean_squared_error_backward(
            context(),
            NativeContext.type(prediction),
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
        KernelFunctions.ap_variational_bound_forward(
            context(),
            NativeContext.type(prediction),
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
        KernelFunctions.ap_variational_bound_backward(
            context(),
            NativeContext.type(prediction),
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
