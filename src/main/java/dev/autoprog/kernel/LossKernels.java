package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Losses. Cross entropy with label smoothing ε (Szegedy et al. 2016) over {@code K} classes: the
 * target is {@code q_k = (1 − ε)·[k = label] + ε/K}, or of a sample that is mixed of two (Zhang et
 * al. 2018) {@code q_k = (1 − ε)·(λ·[k = label] + (1 − λ)·[k = partner]) + ε/K}. ≤ 1e-5 relative in
 * float32.
 */
public interface LossKernels {
  /**
   * {@code losses[b] = −Σ_k q_k · log softmax(logits[b])_k}.
   *
   * @param shape B rows of one logit per class, dense
   * @param logits (B, classes)
   * @param labels INT32 (B), each in 0 … classes − 1; any other gives a NaN loss
   * @param partners INT32 (B), likewise, or null for samples of one class each
   * @param lambda λ (B), each in [0, 1]; null with {@code partners}
   * @param smoothing ε in [0, 1)
   * @param losses (B)
   * @param logSumExp (B): kept for the backward
   */
  void crossEntropyForward(
      RowsShape shape,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor losses,
      Tensor logSumExp);

  /**
   * {@code dLogits = scale·(softmax(logits) − q)}.
   *
   * @param scale the gradient of each sample's loss: 1/B for the mean
   */
  void crossEntropyBackward(
      RowsShape shape,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor logSumExp,
      float scale,
      Tensor dLogits);
}
