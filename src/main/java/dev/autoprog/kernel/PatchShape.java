package dev.autoprog.kernel;

/**
 * Square images cut into square patches.
 *
 * @param batch B
 * @param channels of the images
 * @param side R, in pixels
 * @param patch side of a patch, in pixels; divides R
 */
public record PatchShape(long batch, long channels, long side, long patch) {
  /** Checks the ranges above. */
  public PatchShape {
    Shapes.positive("batch", batch, "channels", channels, "side", side, "patch", patch);
    if (side % patch != 0) {
      throw new IllegalArgumentException(
          "a patch of " + patch + " pixels does not divide an image side of " + side);
    }
  }

  /** Patches along one side. */
  public long grid() {
    return side / patch;
  }

  /** Patches of one image. */
  public long patches() {
    return grid() * grid();
  }

  /** Elements of one patch. */
  public long patchElements() {
    return channels * patch * patch;
  }
}
