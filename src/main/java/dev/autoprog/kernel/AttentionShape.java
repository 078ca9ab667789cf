package dev.autoprog.kernel;

/**
 * Self attention over packed queries, keys and values {@code qkv (B,N,3,H,D)}.
 *
 * @param batch B
 * @param tokens N, any
 * @param heads H
 * @param headDim D, a multiple of 8 up to 160
 */
public record AttentionShape(long batch, long tokens, long heads, long headDim) {
  /** Checks the ranges above. */
  public AttentionShape {
    Shapes.positive("batch", batch, "tokens", tokens, "heads", heads, "headDim", headDim);
    Shapes.headDim(headDim);
  }

  /** The width C = H·D of the tokens. */
  public long width() {
    return heads * headDim;
  }

  /** The factor on {@code q kᵀ}: 1/√D. */
  public float scale() {
    return (float) (1 / Math.sqrt(headDim));
  }
}
