package dev.autoprog.kernel;

/**
 * Two matrices side by side; of feature maps, a row is a pixel and a column a channel.
 *
 * @param rows of each
 * @param first columns of the first
 * @param second columns of the second
 */
public record ConcatenationShape(long rows, long first, long second) {
  /** Checks that all are positive. */
  public ConcatenationShape {
    Shapes.positive("rows", rows, "first", first, "second", second);
  }

  /** Columns of both together. */
  public long columns() {
    return first + second;
  }
}
