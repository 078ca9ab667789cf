package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Scaled dot-product attention, {@code softmax(q kᵀ/√D) v} per sample and head (Vaswani et al.
 * 2017, eq. 1), without the N×N matrix in memory (Dao et al. 2022). All but {@code logSumExp} is of
 * type T. ≤ 1e-5 relative in float32; in bfloat16, the probabilities may be rounded to it.
 */
public interface AttentionKernels {
  /**
   * {@code out = softmax(q kᵀ/√D) v}.
   *
   * @param qkv (B,N,3,H,D)
   * @param out (B,N,H,D)
   * @param logSumExp (B,H,N): the logarithm of each softmax's denominator, kept for the backward
   */
  void attentionForward(AttentionShape shape, Tensor qkv, Tensor out, Tensor logSumExp);

  /**
   * {@code dQkv = } the gradient by q, k and v.
   *
   * @param qkv (B,N,3,H,D), as in the forward
   * @param out (B,N,H,D), the forward's
   * @param logSumExp (B,H,N), the forward's
   * @param dOut (B,N,H,D)
   * @param dQkv (B,N,3,H,D)
   */
  void attentionBackward(
      AttentionShape shape, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv);
}
