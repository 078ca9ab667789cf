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

  /**
   * Cross attention: {@code out = softmax(q kᵀ/√D) v}, keys and values from other tokens.
   *
   * @param q (B,N,H,D)
   * @param kv (B,M,2,H,D)
   * @param out (B,N,H,D)
   * @param logSumExp (B,H,N): the logarithm of each softmax's denominator, kept for the backward
   */
  void crossAttentionForward(
      CrossAttentionShape shape, Tensor q, Tensor kv, Tensor out, Tensor logSumExp);

  /**
   * {@code dQ, dKv = } the gradients by q, and by k and v.
   *
   * @param q (B,N,H,D), as in the forward
   * @param kv (B,M,2,H,D), as in the forward
   * @param out (B,N,H,D), the forward's
   * @param logSumExp (B,H,N), the forward's
   * @param dOut (B,N,H,D)
   * @param dQ (B,N,H,D)
   * @param dKv (B,M,2,H,D)
   */
  void crossAttentionBackward(
      CrossAttentionShape shape,
      Tensor q,
      Tensor kv,
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      Tensor dQ,
      Tensor dKv);
}
