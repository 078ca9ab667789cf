package dev.autoprog.kernel;

/**
 * Feature maps, all channels of a pixel together.
 *
 * @param batch B
 * @param height H, in pixels
 * @param width W, in pixels
 * @param channels C
 */
public record FeatureMapShape(long batch, long height, long width, long channels) {
  /** Checks that all are positive. */
  public FeatureMapShape {
    Shapes.positive("batch", batch, "height", height, "width", width, "channels", channels);
  }
}
