package dev.autoprog.kernel;

/**
 * Cross attention: queries {@code q (B,N,H,D)} on the keys and values {@code kv (B,M,2,H,D)} of
 * other tokens, such as those of a text.
 *
 * @param batch B
 * @param queries N, any
 * @param keys M, any
 * @param heads H
 * @param headDim D, a multiple of 8 up to 160
 */
public record CrossAttentionShape(long batch, long queries, long keys, long heads, long headDim) {
  /** Checks the ranges above. */
  public CrossAttentionShape {
    Shapes.positive(
        "batch", batch, "queries", queries, "keys", keys, "heads", heads, "headDim", headDim);
    Shapes.headDim(headDim);
  }

  /** The width C = H·D of the queries. */
  public long width() {
    return heads * headDim;
  }

  /** The factor on {@code q kᵀ}: 1/√D. */
  public float scale() {
    return (float) (1 / Math.sqrt(headDim));
  }
}
