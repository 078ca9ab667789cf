package dev.autoprog.kernel;

/**
 * A batch of token sequences.
 *
 * @param batch B
 * @param tokens N, the class token included
 * @param width C
 */
public record TokenShape(long batch, long tokens, long width) {
  /** Checks that all are positive and that there is a token beside the class token. */
  public TokenShape {
    Shapes.positive("batch", batch, "tokens", tokens, "width", width);
    if (tokens < 2) {
      throw new IllegalArgumentException("tokens is 1, expected a class token and a patch");
    }
  }
}
