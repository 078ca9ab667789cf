package dev.autoprog.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;

/**
 * The rows of a decoded picture as red, green and blue from 0 to 255. Grey becomes three equal
 * values, transparent parts lie over white, and colour profiles are ignored: a sample is taken as
 * it is stored.
 */
final class RgbRows implements PictureRows {
  private static final int WHITE = 255;

  private final BufferedImage image;
  private final boolean stored;
  private final boolean grey;
  private final boolean alpha;
  private final int bands;
  private final float scale;
  private final int[] samples;

  RgbRows(BufferedImage image) {
    ColorModel model = image.getColorModel();
    int space = model.getColorSpace().getType();
    this.image = image;
    this.grey = space == ColorSpace.TYPE_GRAY;
    this.stored =
        model instanceof ComponentColorModel
            && !model.isAlphaPremultiplied()
            && (model.getTransferType() == DataBuffer.TYPE_BYTE
                || model.getTransferType() == DataBuffer.TYPE_USHORT)
            && (grey || space == ColorSpace.TYPE_RGB);
    this.alpha = model.hasAlpha();
    this.bands = model.getNumComponents();
    this.scale = (float) WHITE / ((1 << model.getComponentSize(0)) - 1);
    this.samples = new int[image.getWidth() * (stored ? bands : 1)];
  }

  @Override
  public int channels() {
    return 3;
  }

  @Override
  public int height() {
    return image.getHeight();
  }

  @Override
  public int width() {
    return image.getWidth();
  }

  @Override
  public void read(int y, float[] rgb) {
    if (stored) {
      image.getRaster().getPixels(0, y, width(), 1, samples);
      for (int x = 0; x < width(); x++) {
        int at = x * bands;
        float opacity = alpha ? samples[at + bands - 1] * scale / WHITE : 1;
        put(
            rgb,
            x,
            samples[at] * scale,
            samples[grey ? at : at + 1] * scale,
            samples[grey ? at : at + 2] * scale,
            opacity);
      }
    } else {
      image.getRGB(0, y, width(), 1, samples, 0, width());
      for (int x = 0; x < width(); x++) {
        int argb = samples[x];
        float opacity = (float) (argb >>> 24) / WHITE;
        put(rgb, x, argb >> 16 & 0xff, argb >> 8 & 0xff, argb & 0xff, opacity);
      }
    }
  }

  private static void put(float[] rgb, int x, float red, float green, float blue, float opacity) {
    float white = WHITE * (1 - opacity);
    rgb[3 * x] = red * opacity + white;
    rgb[3 * x + 1] = green * opacity + white;
    rgb[3 * x + 2] = blue * opacity + white;
  }
}
