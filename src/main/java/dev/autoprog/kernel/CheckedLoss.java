package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link LossKernels}. */
interface CheckedLoss extends CheckedFamily, LossKernels {
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
    begin("crossEntropyForward")
        .targets(s, logits, labels, partners, lambda)
        .output("losses", losses, s.rows())
        .output("logSumExp", logSumExp, s.rows());
    unchecked()
        .crossEntropyForward(s, logits, labels, partners, lambda, smoothing, losses, logSumExp);
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
    begin("crossEntropyBackward")
        .targets(s, logits, labels, partners, lambda)
        .input("logSumExp", logSumExp, s.rows())
        .output("dLogits", dLogits, elements(s.rows(), s.columns()));
    unchecked()
        .crossEntropyBackward(
            s, logits, labels, partners, lambda, smoothing, logSumExp, scale, dLogits);
  }

  @Override
  default void meanSquaredErrorForward(
      RowsShape s, Tensor prediction, Tensor target, Tensor losses) {
    begin("meanSquaredErrorForward")
        .activationOfAtLeast("prediction", prediction, Shapes.span(s))
        .input("target", target, elements(s.rows(), s.columns()))
        .output("losses", losses, s.rows());
    unchecked().meanSquaredErrorForward(s, prediction, target, losses);
  }

  @Override
  default void meanSquaredErrorBackward(
      RowsShape s, Tensor prediction, Tensor target, float scale, Tensor dPrediction) {
    begin("meanSquaredErrorBackward")
        .activationOfAtLeast("prediction", prediction, Shapes.span(s))
        .input("target", target, elements(s.rows(), s.columns()))
        .outputOfAtLeast("dPrediction", dPrediction, Shapes.span(s));
    unchecked().meanSquaredErrorBackward(s, prediction, target, scale, dPrediction);
  }

  @Override
  default void variationalBoundForward(
      RowsShape s,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      Tensor losses) {
    bound("variationalBoundForward", s, prediction, clean, noisy, coefficients)
        .output("losses", losses, s.rows());
    unchecked().variationalBoundForward(s, prediction, clean, noisy, coefficients, losses);
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
    bound("variationalBoundBackward", s, prediction, clean, noisy, coefficients)
        .output("dPrediction", dPrediction, elements(s.rows(), 2, s.columns()));
    unchecked()
        .variationalBoundBackward(s, prediction, clean, noisy, coefficients, scale, dPrediction);
  }

  private ArgumentChecks bound(
      String kernel,
      RowsShape s,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients) {
    return begin(kernel)
        .dense(s)
        .activation("prediction", prediction, elements(s.rows(), 2, s.columns()))
        .input("clean", clean, elements(s.rows(), s.columns()))
        .input("noisy", noisy, elements(s.rows(), s.columns()))
        .input("coefficients", coefficients, elements(s.rows(), BOUND_COEFFICIENTS));
  }
}
