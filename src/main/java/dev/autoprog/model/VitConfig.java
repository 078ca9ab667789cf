package dev.autoprog.model;

/**
 * What a vision transformer looks like.
 *
 * @param resolution R, the image side that the stored positions are for, in pixels
 * @param patch side of a patch, in pixels; divides the resolution
 * @param channels of the images: 1 or 3
 * @param classes that the head tells apart
 * @param width C, a multiple of {@code heads}
 * @param depth L, how many blocks
 * @param heads H; {@code width / heads} must be a multiple of 8 up to 160
 * @param mlpRatio hidden width of the MLPs, in widths; gives at least 1
 */
public record VitConfig(
    int resolution,
    int patch,
    int channels,
    int classes,
    int width,
    int depth,
    int heads,
    double mlpRatio) {

  /** Checks the ranges above. */
  public VitConfig {
    if (resolution < 1 || patch < 1 || channels < 1 || classes < 1 || width < 1 || depth < 1) {
      throw new IllegalArgumentException(
          "resolution, patch, channels, classes, width and depth must be at least 1");
    }
    if (resolution % patch != 0) {
      throw new IllegalArgumentException(
          "a patch of " + patch + " pixels does not divide a resolution of " + resolution);
    }
    if (heads < 1 || width % heads != 0 || width / heads % 8 != 0 || width / heads > 160) {
      throw new IllegalArgumentException(
          "a width of "
              + width
              + " in "
              + heads
              + " heads: the width of a head must be a whole multiple of 8 up to 160");
    }
    long hidden = Math.round(width * mlpRatio);
    if (hidden < 1 || hidden > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "an MLP ratio of "
              + mlpRatio
              + " times a width of "
              + width
              + " must be a hidden width from 1 to "
              + Integer.MAX_VALUE);
    }
  }

  /** DeiT-Ti/16 at 224 (Touvron et al. 2021): 5.7 M parameters. */
  public static VitConfig deitTiny() {
    return new VitConfig(224, 16, 3, 1000, 192, 12, 3, 4);
  }

  /** DeiT-S/16 at 224: 22 M parameters. */
  public static VitConfig deitSmall() {
    return new VitConfig(224, 16, 3, 1000, 384, 12, 6, 4);
  }

  /** DeiT-B/16 at 224: 86 M parameters. */
  public static VitConfig deitBase() {
    return new VitConfig(224, 16, 3, 1000, 768, 12, 12, 4);
  }

  /** A small one for 28×28 grey images on a CPU: 0.57 M parameters. */
  public static VitConfig small28() {
    return new VitConfig(28, 4, 1, 10, 96, 6, 3, 3);
  }

  /** Hidden width of the MLPs. */
  public int hidden() {
    return (int) Math.round(width * mlpRatio);
  }

  /** Patches along one side at the full resolution. */
  public int grid() {
    return resolution / patch;
  }

  /** How many numbers there are to learn. */
  public long parameters() {
    long embedding = (long) width * channels * patch * patch + width;
    long tokens = (long) width * (2 + (long) grid() * grid());
    long attention = 4L * width * width + 4L * width;
    long mlp = 2L * width * hidden() + hidden() + width;
    long norms = 4L * width;
    long head = 2L * width + (long) width * classes + classes;
    return embedding + tokens + depth * (attention + mlp + norms) + head;
  }

  /**
   * Floating point operations of one image's forward pass in products of matrices, a multiply-add
   * being two. As is customary, of all tokens in all blocks: {@link VisionTransformer} leaves out
   * what the class token does not need of the last.
   *
   * @param resolution side of the image, in pixels
   */
  public double flops(int resolution) {
    double patches = Math.pow((double) resolution / patch, 2);
    double tokens = 1 + patches;
    double embedding = patches * width * channels * patch * patch;
    double products = tokens * width * (4.0 * width + 2.0 * hidden());
    double attention = 2 * tokens * tokens * width;
    double head = (double) width * classes;
    return 2 * (embedding + depth * (products + attention) + head);
  }

  /** The same with another depth. */
  public VitConfig withDepth(int depth) {
    return new VitConfig(resolution, patch, channels, classes, width, depth, heads, mlpRatio);
  }

  /** The same with another number of classes. */
  public VitConfig withClasses(int classes) {
    return new VitConfig(resolution, patch, channels, classes, width, depth, heads, mlpRatio);
  }

  /** The same for other images. */
  public VitConfig withImages(int resolution, int patch, int channels) {
    return new VitConfig(resolution, patch, channels, classes, width, depth, heads, mlpRatio);
  }
}
