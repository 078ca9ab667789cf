package dev.autoprog.model;

import dev.autoprog.backend.Session;
import dev.autoprog.nn.Precision;

/**
 * What a diffusion transformer looks like (Peebles and Xie 2023).
 *
 * @param resolution R, the side of the images or latents that the positions are for, in pixels
 * @param patch side of a patch, in pixels; divides the resolution
 * @param channels of the images or latents
 * @param classes that it can be asked for; 0 for none
 * @param width C, a multiple of 4 and of {@code heads}
 * @param depth L, how many blocks
 * @param heads H; {@code width / heads} must be a multiple of 8 up to 160
 * @param mlpRatio hidden width of the MLPs, in widths; gives at least 1
 * @param learnsVariance whether it predicts the variance beside the noise
 * @param stages K, of how many training stages it can tell images apart; 0 for none
 */
public record DitConfig(
    int resolution,
    int patch,
    int channels,
    int classes,
    int width,
    int depth,
    int heads,
    double mlpRatio,
    boolean learnsVariance,
    int stages)
    implements DenoisingConfig {

  /** Checks the ranges above. */
  public DitConfig {
    if (classes < 0 || stages < 0) {
      throw new IllegalArgumentException("classes and stages must be at least 0");
    }
    if (width % 4 != 0) {
      throw new IllegalArgumentException(
          "a width of "
              + width
              + " has no sines and cosines of two coordinates: it must be a"
              + " multiple of 4");
    }
    transformer(resolution, patch, channels, width, depth, heads, mlpRatio);
  }

  /** What is a vision transformer's, too, which checks it. */
  private static VitConfig transformer(
      int resolution, int patch, int channels, int width, int depth, int heads, double mlpRatio) {
    return new VitConfig(resolution, patch, channels, 1, width, depth, heads, mlpRatio);
  }

  /** DiT-S on latents of 256-pixel images: 33 M parameters at a patch of 2. */
  public static DitConfig small(int patch) {
    return published(patch, 384, 12, 6);
  }

  /** DiT-B: 130 M parameters at a patch of 2. */
  public static DitConfig base(int patch) {
    return published(patch, 768, 12, 12);
  }

  /** DiT-L: 458 M parameters at a patch of 2. */
  public static DitConfig large(int patch) {
    return published(patch, 1024, 24, 16);
  }

  /** DiT-XL: 675 M parameters at a patch of 2. */
  public static DitConfig extraLarge(int patch) {
    return published(patch, 1152, 28, 16);
  }

  private static DitConfig published(int patch, int width, int depth, int heads) {
    return new DitConfig(32, patch, 4, 1000, width, depth, heads, 4, true, 0);
  }

  @Override
  public int resolutionStep() {
    return patch;
  }

  @Override
  public DiffusionTransformer create(Session session, Precision precision, long seed) {
    return DiffusionTransformer.create(session, this, precision, seed);
  }

  /** Hidden width of the MLPs. */
  public int hidden() {
    return (int) Math.round(width * mlpRatio);
  }

  /** Patches along one side at the full resolution. */
  public int grid() {
    return resolution / patch;
  }

  /** Channels of what it predicts: of the noise, and of the variance if it learns it. */
  public int outChannels() {
    return learnsVariance ? 2 * channels : channels;
  }

  /**
   * Floating point operations of one image's forward pass in products of matrices, a multiply-add
   * being two.
   *
   * @param resolution side of the image, in pixels
   */
  public double flops(int resolution) {
    double tokens = Math.pow((double) resolution / patch, 2);
    double pixels = (double) patch * patch;
    double embedding = tokens * width * channels * pixels;
    double condition = 256.0 * width + (double) width * width;
    double products = tokens * width * (4.0 * width + 2.0 * hidden()) + 6.0 * width * width;
    double attention = 2 * tokens * tokens * width;
    double head = tokens * width * outChannels() * pixels + 2.0 * width * width;
    return 2 * (embedding + condition + depth * (products + attention) + head);
  }

  /** The same for another number of classes. */
  public DitConfig withClasses(int classes) {
    return new DitConfig(
        resolution,
        patch,
        channels,
        classes,
        width,
        depth,
        heads,
        mlpRatio,
        learnsVariance,
        stages);
  }

  /** The same with identifiers of this many stages. */
  public DitConfig withStages(int stages) {
    return new DitConfig(
        resolution,
        patch,
        channels,
        classes,
        width,
        depth,
        heads,
        mlpRatio,
        learnsVariance,
        stages);
  }
}
