package dev.autoprog.kernel;

/**
 * What a linear layer's weight has to do with each of several samples: sample i's own gradient is
 * {@code dyᵢᵀ xᵢ}, (out, in).
 *
 * @param samples n
 * @param tokens N, vectors that pass through for each sample
 * @param in width of each before
 * @param out width of each after
 */
public record JacobianShape(long samples, long tokens, long in, long out) {
  /** Checks that all are positive. */
  public JacobianShape {
    Shapes.positive("samples", samples, "tokens", tokens, "in", in, "out", out);
  }

  /**
   * A linear layer's, its rows ordered by sample.
   *
   * @throws IllegalArgumentException if not every sample has as many rows
   */
  public static JacobianShape of(long samples, LinearShape shape) {
    if (samples < 1 || shape.rows() % samples != 0) {
      throw new IllegalArgumentException(
          shape.rows() + " rows cannot be those of " + samples + " samples, as many of each");
    }
    return new JacobianShape(samples, shape.rows() / samples, shape.in(), shape.out());
  }

  /** Operations of {@link StatisticsKernels#ntkGramContracted}; a multiply-add is two. */
  public double contractedOperations() {
    return 1.0 * samples * (samples + 1) * tokens * tokens * (in + out);
  }

  /** Operations of {@link StatisticsKernels#ntkGramTiled}; a multiply-add is two. */
  public double tiledOperations() {
    return (2.0 * tokens + samples + 1) * samples * in * out;
  }
}
