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
}
