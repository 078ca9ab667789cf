package dev.autoprog.kernel;

/**
 * A look-up in a table.
 *
 * @param count how many rows are looked up
 * @param rows of the table
 * @param width of each row
 */
public record EmbeddingShape(long count, long rows, long width) {
  /** Checks that all are positive. */
  public EmbeddingShape {
    Shapes.positive("count", count, "rows", rows, "width", width);
  }
}
