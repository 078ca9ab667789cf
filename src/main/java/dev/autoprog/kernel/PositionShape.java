package dev.autoprog.kernel;

/**
 * Square grids of position embeddings behind one for the class token.
 *
 * @param from side of the stored grid, in patches
 * @param to side of the grid that is wanted
 * @param width C
 */
public record PositionShape(long from, long to, long width) {
  /** Checks that all are positive. */
  public PositionShape {
    Shapes.positive("from", from, "to", to, "width", width);
  }
}
