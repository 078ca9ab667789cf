package dev.autoprog.data;

import java.util.Arrays;
import java.util.List;

/**
 * What RandAugment does to the pixels of an image, in place, with the arithmetic of Pillow ({@code
 * ImageOps}, {@code ImageEnhance} and {@code Image.transform}), byte for byte: results are cut off,
 * not rounded, and clipped to 0 … 255.
 *
 * <p>The geometric operations sample bilinearly at pixel centres. What comes from outside the image
 * is {@code fill}, a value per channel.
 */
final class PixelOperations {
  private static final int WHITE = 255;

  /** The smoothing that {@link #sharpness} departs from: a 3×3 mean with the centre five times. */
  private static final int CENTRE_WEIGHT = 5;

  private static final int SMOOTHING_WEIGHTS = 8 + CENTRE_WEIGHT;

  /** Sines and cosines are rounded to so many decimals, so that pixels meet pixels. */
  private static final double ROTATION_DIGITS = 1e15;

  private PixelOperations() {}

  /** Stretches each channel so that its darkest value becomes 0 and its brightest 255. */
  static void autoContrast(Planes image) {
    for (int c = 0; c < image.channels(); c++) {
      int[] counts = count(image, c);
      int low = 0;
      int high = WHITE;
      while (counts[low] == 0) {
        low++;
      }
      while (counts[high] == 0) {
        high--;
      }
      if (low < high) {
        double scale = (double) WHITE / (high - low);
        double offset = -low * scale;
        for (int v = low; v <= high; v++) {
          image.table()[v] = (byte) clip((int) (v * scale + offset));
        }
        lookUp(image, c);
      }
    }
  }

  /** Makes the values of each channel about equally frequent. */
  static void equalize(Planes image) {
    for (int c = 0; c < image.channels(); c++) {
      int[] counts = count(image, c);
      int brightest = WHITE;
      while (counts[brightest] == 0) {
        brightest--;
      }
      int step = (image.area() - counts[brightest]) / WHITE;
      if (step > 0) {
        int below = step / 2;
        for (int v = 0; v < Planes.VALUES; v++) {
          image.table()[v] = (byte) clip(below / step);
          below += counts[v];
        }
        lookUp(image, c);
      }
    }
  }

  /**
   * Keeps the highest bits of each value.
   *
   * @param bits how many, from 0 to 8
   */
  static void posterize(Planes image, int bits) {
    int mask = -(1 << (Byte.SIZE - bits));
    for (int v = 0; v < Planes.VALUES; v++) {
      image.table()[v] = (byte) (v & mask);
    }
    lookUp(image);
  }

  /**
   * Inverts bright values.
   *
   * @param threshold the lowest that is inverted, from 0 (all) to 256 (none)
   */
  static void solarize(Planes image, int threshold) {
    for (int v = 0; v < Planes.VALUES; v++) {
      image.table()[v] = (byte) (v < threshold ? v : WHITE - v);
    }
    lookUp(image);
  }

  /** Scales the distance of each pixel from its luma; nothing in a grey image. */
  static void color(Planes image, double factor) {
    if (image.channels() == 3) {
      byte[] pixels = image.pixels();
      int area = image.area();
      for (int i = 0; i < area; i++) {
        int luma = luma(image, i);
        for (int at = i; at < pixels.length; at += area) {
          pixels[at] = blend(luma, pixels[at] & 0xff, (float) factor);
        }
      }
    }
  }

  /** Scales the distance of each value from the image's mean luma. */
  static void contrast(Planes image, double factor) {
    long sum = 0;
    for (int i = 0; i < image.area(); i++) {
      sum += luma(image, i);
    }
    blendAll(image, (int) ((double) sum / image.area() + 0.5), factor);
  }

  /** Scales each value. */
  static void brightness(Planes image, double factor) {
    blendAll(image, 0, factor);
  }

  /** Scales the distance of each value from the smoothed image; the border stays. */
  static void sharpness(Planes image, double factor) {
    byte[] pixels = image.pixels();
    byte[] sharp = image.spare();
    int width = image.width();
    System.arraycopy(pixels, 0, sharp, 0, pixels.length);
    for (int plane = 0; plane < pixels.length; plane += image.area()) {
      for (int y = 1; y < image.height() - 1; y++) {
        for (int x = 1; x < width - 1; x++) {
          int at = plane + y * width + x;
          int value = pixels[at] & 0xff;
          int sum =
              (CENTRE_WEIGHT - 1) * value
                  + three(pixels, at - width)
                  + three(pixels, at)
                  + three(pixels, at + width);
          int smooth = (2 * sum + SMOOTHING_WEIGHTS) / (2 * SMOOTHING_WEIGHTS);
          sharp[at] = blend(smooth, value, (float) factor);
        }
      }
    }
    System.arraycopy(sharp, 0, pixels, 0, pixels.length);
  }

  private static int three(byte[] pixels, int middle) {
    return (pixels[middle - 1] & 0xff) + (pixels[middle] & 0xff) + (pixels[middle + 1] & 0xff);
  }

  /** Turns the image about its middle, against the clock. */
  static void rotate(Planes image, double degrees, List<Integer> fill) {
    double cos = rotationDigits(Math.cos(Math.toRadians(degrees)));
    double sin = rotationDigits(Math.sin(Math.toRadians(degrees)));
    double x = image.width() / 2.0;
    double y = image.height() / 2.0;
    transform(image, cos, -sin, -cos * x + sin * y + x, sin, cos, -sin * x - cos * y + y, fill);
  }

  private static double rotationDigits(double value) {
    return Math.rint(value * ROTATION_DIGITS) / ROTATION_DIGITS;
  }

  /** Moves each row to the left by {@code factor} times its depth below the upper border. */
  static void shearX(Planes image, double factor, List<Integer> fill) {
    transform(image, 1, factor, 0, 0, 1, 0, fill);
  }

  /** Moves each column up by {@code factor} times its distance from the left border. */
  static void shearY(Planes image, double factor, List<Integer> fill) {
    transform(image, 1, 0, 0, factor, 1, 0, fill);
  }

  /** Moves the image to the left by {@code share} of its width. */
  static void translateX(Planes image, double share, List<Integer> fill) {
    transform(image, 1, 0, share * image.width(), 0, 1, 0, fill);
  }

  /** Moves the image up by {@code share} of its height. */
  static void translateY(Planes image, double share, List<Integer> fill) {
    transform(image, 1, 0, 0, 0, 1, share * image.height(), fill);
  }

  /**
   * Takes each pixel, whose centre lies at (x, y), from {@code (xx·x + xy·y + x0, yx·x + yy·y +
   * y0)}.
   */
  private static void transform(
      Planes image,
      double xx,
      double xy,
      double x0,
      double yx,
      double yy,
      double y0,
      List<Integer> fill) {
    byte[] out = image.spare();
    int area = image.area();
    for (int c = 0; c < image.channels(); c++) {
      Arrays.fill(out, c * area, (c + 1) * area, fill.get(c).byteValue());
    }
    for (int i = 0; i < image.height(); i++) {
      for (int j = 0; j < image.width(); j++) {
        double x = xx * (j + 0.5) + xy * (i + 0.5) + x0;
        double y = yx * (j + 0.5) + yy * (i + 0.5) + y0;
        if (x >= 0 && x < image.width() && y >= 0 && y < image.height()) {
          sample(image, x - 0.5, y - 0.5, i * image.width() + j);
        }
      }
    }
    System.arraycopy(out, 0, image.pixels(), 0, out.length);
  }

  /** Puts what lies at (x, y), in pixels from the first one's centre, to {@code at} in spare. */
  private static void sample(Planes image, double x, double y, int at) {
    int left = (int) Math.floor(x);
    int top = (int) Math.floor(y);
    double across = x - left;
    double down = y - top;
    int x0 = Math.max(left, 0);
    int x1 = Math.min(left + 1, image.width() - 1);
    int upper = Math.max(top, 0) * image.width();
    int lower = Math.min(top + 1, image.height() - 1) * image.width();
    byte[] pixels = image.pixels();
    int area = image.area();
    for (int plane = 0; plane < pixels.length; plane += area) {
      double above = between(pixels[plane + upper + x0], pixels[plane + upper + x1], across);
      double below = between(pixels[plane + lower + x0], pixels[plane + lower + x1], across);
      image.spare()[plane + at] = (byte) (int) (above + (below - above) * down);
    }
  }

  private static double between(byte from, byte to, double fraction) {
    int first = from & 0xff;
    return first + ((to & 0xff) - first) * fraction;
  }

  /** How often a plane has each value. */
  private static int[] count(Planes image, int channel) {
    int[] counts = image.counts();
    Arrays.fill(counts, 0);
    for (int i = channel * image.area(); i < (channel + 1) * image.area(); i++) {
      counts[image.pixels()[i] & 0xff]++;
    }
    return counts;
  }

  private static void lookUp(Planes image) {
    for (int c = 0; c < image.channels(); c++) {
      lookUp(image, c);
    }
  }

  private static void lookUp(Planes image, int channel) {
    byte[] pixels = image.pixels();
    for (int i = channel * image.area(); i < (channel + 1) * image.area(); i++) {
      pixels[i] = image.table()[pixels[i] & 0xff];
    }
  }

  /** ITU-R 601's luma of a pixel in colour; the value itself in grey. */
  private static int luma(Planes image, int i) {
    byte[] pixels = image.pixels();
    int red = pixels[i] & 0xff;
    if (image.channels() != 3) {
      return red;
    }
    int green = pixels[image.area() + i] & 0xff;
    int blue = pixels[2 * image.area() + i] & 0xff;
    return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
  }

  private static void blendAll(Planes image, int from, double factor) {
    for (int v = 0; v < Planes.VALUES; v++) {
      image.table()[v] = blend(from, v, (float) factor);
    }
    lookUp(image);
  }

  private static byte blend(int from, int to, float factor) {
    return (byte) clip((int) (from + factor * (to - from)));
  }

  private static int clip(int value) {
    return Math.min(Math.max(value, 0), WHITE);
  }
}
