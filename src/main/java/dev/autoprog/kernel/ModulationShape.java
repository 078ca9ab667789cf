package dev.autoprog.kernel;

/**
 * Token sequences and what modulates them: a row of chunks for each sample, each as wide as a
 * token.
 *
 * @param batch B
 * @param tokens N
 * @param width C
 * @param chunks of C elements that the modulation has for each sample
 */
public record ModulationShape(long batch, long tokens, long width, long chunks) {
  /** Checks that all are positive. */
  public ModulationShape {
    Shapes.positive("batch", batch, "tokens", tokens, "width", width, "chunks", chunks);
  }
}
