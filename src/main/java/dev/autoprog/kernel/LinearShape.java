package dev.autoprog.kernel;

/**
 * A linear layer on a matrix of rows (for a sequence, {@code B·N} of them).
 *
 * @param rows how many vectors pass through
 * @param in width of each before
 * @param out width of each after
 */
public record LinearShape(long rows, long in, long out) {
  /** Checks that all are positive. */
  public LinearShape {
    Shapes.positive("rows", rows, "in", in, "out", out);
  }
}
