package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Losses of classifiers and of diffusion models. Cross entropy with label smoothing ε (Szegedy et
 * al. 2016) over {@code K} classes: the target is {@code q_k = (1 − ε)·[k = label] + ε/K}, or of a
 * sample that is mixed of two (Zhang et al. 2018) {@code q_k = (1 − ε)·(λ·[k = label] + (1 − λ)·[k
 * = partner]) + ε/K}. ≤ 1e-5 relative in float32.
 */
public interface LossKernels {
  /** Numbers that {@link #variationalBoundForward} takes for each sample. */
  int BOUND_COEFFICIENTS = 7;

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
   * {@code dLogits = scale·(softmax(logits) − q)}; NaN in a row whose label or partner is no class.
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

  /**
   * {@code losses[b] = } the mean of {@code (prediction[b] − target[b])²} over a row.
   *
   * @param shape B rows of P; their stride is that of {@code prediction}
   * @param prediction at least {@code (B − 1)·stride + P} elements, of type T
   * @param target (B, P)
   * @param losses (B)
   */
  void meanSquaredErrorForward(RowsShape shape, Tensor prediction, Tensor target, Tensor losses);

  /**
   * {@code dPrediction[b] = scale·2/P·(prediction[b] − target[b])}; what lies between the rows is
   * left as it is.
   *
   * @param scale the gradient of each row's loss
   * @param dPrediction laid out as {@code prediction}, FLOAT32
   */
  void meanSquaredErrorBackward(
      RowsShape shape, Tensor prediction, Tensor target, float scale, Tensor dPrediction);

  /**
   * The part of the variational bound that trains a diffusion model's variance (Nichol and Dhariwal
   * 2021, eq. 15 and 16), in bits per dimension: {@code losses[b] = } the mean over P of {@code
   * KL(q(x_t−1 | x_t, x_0) ‖ p(x_t−1 | x_t)) / ln 2}, or for t = 0 of {@code −log₂ p(x_0 | x_1)},
   * the Gaussian integrated over a step of 1/127.5 around x_0 (Ho et al. 2020, eq. 13; the
   * distribution function by its {@linkplain Gelu#TANH tanh approximation}, and nothing below
   * 1e-12, as in the published code). The model's log variance is {@code log β̃ + ½(v + 1)·(log β −
   * log β̃)}, its mean {@code c_0·(r·x_t − s·ε) + c_t·x_t}.
   *
   * @param shape B rows of P, dense
   * @param prediction (B, 2, P), of type T: ε and v of each sample, as diffusion transformers give
   *     them
   * @param clean x_0 (B, P)
   * @param noisy x_t (B, P)
   * @param coefficients (B, {@value #BOUND_COEFFICIENTS}): r = √(1/ᾱ), s = √(1/ᾱ − 1), c_0 and c_t,
   *     the posterior mean's factors of x_0 and x_t, log β̃ (at t = 0 that of t = 1), log β, and 1
   *     where t = 0, else 0
   * @param losses (B)
   */
  void variationalBoundForward(
      RowsShape shape,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      Tensor losses);

  /**
   * {@code dv = scale·} the gradient of the loss by v. By ε there is none: the mean is taken for a
   * constant.
   *
   * @param scale the gradient of each sample's loss
   * @param dPrediction (B, 2, P), FLOAT32: its second half {@code =} dv, the first is left as it is
   */
  void variationalBoundBackward(
      RowsShape shape,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      float scale,
      Tensor dPrediction);
}
