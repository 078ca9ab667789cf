package dev.autoprog.data;

import dev.autoprog.tensor.Rng;

/**
 * How training images are varied at random. Each image of each epoch draws its own numbers, from a
 * generator that is named by nothing but the seed, the epoch and the image's index; every number is
 * drawn whether it is used or not, so that changing one field leaves the other decisions as they
 * were.
 *
 * @param flip the probability of mirroring left to right
 * @param minCropArea random resized crop: the window's area is uniform in [minCropArea, 1] of the
 *     image's, and the logarithm of its width : height uniform between those of 3:4 and 4:3, as far
 *     as such windows fit the image; 1 keeps the whole image
 * @param maxShift random shift: the window moves by a whole number of pixels, uniform up to this
 *     fraction of the height downwards or upwards, and of the width sideways. It may reach over the
 *     border, where the border's pixels repeat. 0.125 on 32 pixels is the usual padding by 4
 * @param eraseProbability random erasing (Zhong et al. 2020, arXiv 1708.04896): with this
 *     probability a rectangle is set to the mean; its area is uniform in [0.02, 1/3] of the image's
 *     and the logarithm of its height : width uniform between those of 0.3 and 3.3, as far as such
 *     rectangles fit
 * @param randAugment what is done to the pixels before all this
 */
public record Augmentation(
    double flip,
    double minCropArea,
    double maxShift,
    double eraseProbability,
    RandAugment randAugment) {
  /** The whole image as it is. */
  public static final Augmentation NONE = new Augmentation(0, 1, 0, 0);

  /** Numbers that describe one window: top, left, height, width, flip. */
  static final int WINDOW = 5;

  /** Numbers that describe one erased part: height, width, and where it lies in what is left. */
  static final int ERASURE = 4;

  private static final double MIN_CROP_ASPECT = 3.0 / 4;
  private static final double MAX_CROP_ASPECT = 4.0 / 3;
  private static final double MIN_ERASED_AREA = 0.02;
  private static final double MAX_ERASED_AREA = 1.0 / 3;
  private static final double MIN_ERASED_ASPECT = 0.3;
  private static final double MAX_ERASED_ASPECT = 3.3;

  /** Checks the ranges: all in [0, 1], and {@code minCropArea} not 0. */
  public Augmentation {
    requireFraction("flip", flip);
    requireFraction("minCropArea", minCropArea);
    requireFraction("maxShift", maxShift);
    requireFraction("eraseProbability", eraseProbability);
    if (minCropArea == 0) {
      throw new IllegalArgumentException("minCropArea is 0; windows need an area");
    }
  }

  /** Without RandAugment. */
  public Augmentation(double flip, double minCropArea, double maxShift, double eraseProbability) {
    this(flip, minCropArea, maxShift, eraseProbability, RandAugment.NONE);
  }

  /** Whether the window of image {@code i} of a batch is mirrored. */
  static boolean mirrors(float[] windows, int i) {
    return windows[(i + 1) * WINDOW - 1] != 0;
  }

  /**
   * Draws a window in pixels of the stored image: top, left, height, width, and 1 for mirrored.
   *
   * @param to receives five numbers from {@code at} on
   */
  void drawWindow(Rng rng, int height, int width, float[] to, int at) {
    boolean mirrored = rng.nextDouble() < flip;
    double down = shift(rng.nextDouble(), height);
    double right = shift(rng.nextDouble(), width);
    double area = minCropArea + (1 - minCropArea) * rng.nextDouble();
    double aspect = cropAspect(rng.nextDouble(), area, (double) width / height);
    double vertical = rng.nextDouble();
    double horizontal = rng.nextDouble();
    double cropHeight = height;
    double cropWidth = width;
    if (minCropArea < 1) {
      cropHeight = Math.min(height, Math.sqrt(area * height * width / aspect));
      cropWidth = Math.min(width, Math.sqrt(area * height * width * aspect));
    }
    to[at] = (float) (vertical * (height - cropHeight) + down);
    to[at + 1] = (float) (horizontal * (width - cropWidth) + right);
    to[at + 2] = (float) cropHeight;
    to[at + 3] = (float) cropWidth;
    to[at + 4] = mirrored ? 1 : 0;
  }

  /**
   * Draws the part to erase, whatever the resolution: height and width as fractions of the image's,
   * then the top and the left edge as fractions of the room that is left for them. All are 0 where
   * nothing is to be erased.
   *
   * @param to receives four numbers from {@code at} on
   */
  void drawErasure(Rng rng, double[] to, int at) {
    boolean erased = rng.nextDouble() < eraseProbability;
    double area = MIN_ERASED_AREA + (MAX_ERASED_AREA - MIN_ERASED_AREA) * rng.nextDouble();
    double aspect =
        betweenLogarithms(
            rng.nextDouble(),
            Math.max(MIN_ERASED_ASPECT, area),
            Math.min(MAX_ERASED_ASPECT, 1 / area));
    double vertical = rng.nextDouble();
    double horizontal = rng.nextDouble();
    to[at] = erased ? Math.sqrt(area * aspect) : 0;
    to[at + 1] = erased ? Math.sqrt(area / aspect) : 0;
    to[at + 2] = erased ? vertical : 0;
    to[at + 3] = erased ? horizontal : 0;
  }

  private double shift(double uniform, int pixels) {
    long most = Math.round(maxShift * pixels);
    return Math.floor(uniform * (2 * most + 1)) - most;
  }

  /** Width : height of a window of this area that fits an image of this width : height. */
  private static double cropAspect(double uniform, double area, double imageAspect) {
    double tallest = area * imageAspect;
    double widest = imageAspect / area;
    double low = Math.min(Math.max(MIN_CROP_ASPECT, tallest), widest);
    double high = Math.max(Math.min(MAX_CROP_ASPECT, widest), tallest);
    return betweenLogarithms(uniform, low, high);
  }

  private static double betweenLogarithms(double uniform, double low, double high) {
    return low * Math.pow(high / low, uniform);
  }

  private static void requireFraction(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is " + value + ", not in [0, 1]");
    }
  }
}
