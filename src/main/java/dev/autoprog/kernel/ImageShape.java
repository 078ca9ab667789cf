package dev.autoprog.kernel;

/**
 * A batch of stored images and the side at which a network reads them.
 *
 * @param batch B
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param height of the stored images, in pixels
 * @param width of the stored images, in pixels
 * @param side R, in pixels
 */
public record ImageShape(long batch, long channels, long height, long width, long side) {
  /** Checks that all are positive. */
  public ImageShape {
    Shapes.positive(
        "batch", batch, "channels", channels, "height", height, "width", width, "side", side);
  }
}
