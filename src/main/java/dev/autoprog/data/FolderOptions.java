package dev.autoprog.data;

/**
 * How pictures of any size become images of one size.
 *
 * @param side height and width in pixels to which every picture is brought, from 1 to {@value
 *     #MOST_SIDE}
 * @param cacheBytes how many bytes of decoded images each of the two parts of a split may keep in
 *     memory; 0 decodes again at every read
 */
public record FolderOptions(int side, long cacheBytes) {
  /** A larger side is a slip of the pen: an image of it has 192 MiB. */
  public static final int MOST_SIDE = 8192;

  /** Checks the ranges. */
  public FolderOptions {
    if (side < 1 || side > MOST_SIDE || cacheBytes < 0) {
      throw new IllegalArgumentException("side " + side + ", cacheBytes " + cacheBytes);
    }
  }

  /** Pictures of this side, with a quarter of the heap as cache for each part. */
  public static FolderOptions ofSide(int side) {
    return new FolderOptions(side, Runtime.getRuntime().maxMemory() / 4);
  }
}
