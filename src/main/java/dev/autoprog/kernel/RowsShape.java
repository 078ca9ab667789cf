package dev.autoprog.kernel;

/**
 * Rows of a matrix, or every so-manieth row of one.
 *
 * @param rows how many
 * @param columns elements of each
 * @param stride elements from the start of one to the start of the next, at least {@code columns}
 */
public record RowsShape(long rows, long columns, long stride) {
  /** Checks that all are positive and the rows do not overlap. */
  public RowsShape {
    Shapes.positive("rows", rows, "columns", columns, "stride", stride);
    if (stride < columns) {
      throw new IllegalArgumentException("stride " + stride + " is below columns " + columns);
    }
  }

  /** Rows that lie one behind the other. */
  public static RowsShape dense(long rows, long columns) {
    return new RowsShape(rows, columns, columns);
  }
}
