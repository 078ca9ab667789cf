package dev.autoprog.data;

import dev.autoprog.InputException;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/**
 * Images as a file would hold them, a byte per channel of a pixel.
 *
 * @param count how many: B
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param height in pixels
 * @param width in pixels
 * @param bytes (B, channels, height, width), row-major
 */
public record ImageBytes(int count, int channels, int height, int width, byte[] bytes) {
  private static final float HALF_OF_WHITE = 127.5f;

  /** Checks that there are as many bytes. */
  public ImageBytes {
    long expected = (long) count * channels * height * width;
    if (count < 1 || channels < 1 || height < 1 || width < 1 || bytes.length != expected) {
      throw new IllegalArgumentException(
          bytes.length
              + " bytes for images ("
              + count
              + ", "
              + channels
              + ", "
              + height
              + ", "
              + width
              + ")");
    }
  }

  /**
   * Images as diffusion models have them, rounded to bytes; what lies outside [−1, 1] becomes black
   * or white.
   *
   * @param images FLOAT32 (B, channels, height, width), black at −1 and white at 1
   * @throws IllegalArgumentException if a value is NaN, or the shape another
   */
  public static ImageBytes ofSigned(Tensor images) {
    if (images.shape().rank() != 4) {
      throw new IllegalArgumentException(
          "images are " + images.shape() + ", expected (B, channels, height, width)");
    }
    return ofSigned(
        images.toFloats(),
        (int) images.shape().dim(1),
        (int) images.shape().dim(2),
        (int) images.shape().dim(3));
  }

  /** The same of numbers (B, channels, height, width), row-major. */
  public static ImageBytes ofSigned(float[] values, int channels, int height, int width) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      if (Float.isNaN(values[i])) {
        throw new IllegalArgumentException("value " + i + " of the images is NaN");
      }
      bytes[i] = (byte) Math.max(0, Math.min(255, Math.round((values[i] + 1) * HALF_OF_WHITE)));
    }
    int count = values.length / (channels * height * width);
    return new ImageBytes(count, channels, height, width, bytes);
  }

  /**
   * Images of a dataset.
   *
   * @param indices which, at least one
   * @throws InputException if one cannot be read
   */
  public static ImageBytes of(ImageDataset dataset, int... indices) throws InputException {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(indices.length, dataset.imageBytes()));
    for (int index : indices) {
      dataset.read(index, bytes);
    }
    return new ImageBytes(
        indices.length, dataset.channels(), dataset.height(), dataset.width(), bytes.array());
  }

  /** The images {@code from} (inclusive) to {@code to} (exclusive). */
  public ImageBytes range(int from, int to) {
    Objects.checkFromToIndex(from, to, count);
    int each = bytes.length / count;
    return new ImageBytes(
        to - from, channels, height, width, Arrays.copyOfRange(bytes, from * each, to * each));
  }

  /**
   * Brought to a square: scaled so that the shorter side fits, and cut to the middle of the longer
   * one, bilinear with antialiasing, as an image folder's pictures are.
   *
   * @param side in pixels
   */
  public ImageBytes resized(int side) {
    if (height == side && width == side) {
      return this;
    }
    int square = channels * side * side;
    byte[] resized = new byte[Math.multiplyExact(count, square)];
    for (int i = 0; i < count; i++) {
      byte[] planes = SquareResize.planes(rowsOf(i), side);
      System.arraycopy(planes, 0, resized, i * square, square);
    }
    return new ImageBytes(count, channels, side, side, resized);
  }

  private PictureRows rowsOf(int image) {
    return new PictureRows() {
      @Override
      public int channels() {
        return channels;
      }

      @Override
      public int height() {
        return height;
      }

      @Override
      public int width() {
        return width;
      }

      @Override
      public void read(int y, float[] row) {
        for (int x = 0; x < width; x++) {
          for (int c = 0; c < channels; c++) {
            row[x * channels + c] = at(image, c, y, x);
          }
        }
      }
    };
  }

  /** Each image with left and right exchanged. */
  public ImageBytes mirrored() {
    byte[] mirrored = new byte[bytes.length];
    for (int row = 0; row < bytes.length; row += width) {
      for (int x = 0; x < width; x++) {
        mirrored[row + x] = bytes[row + width - 1 - x];
      }
    }
    return new ImageBytes(count, channels, height, width, mirrored);
  }

  /** A channel of a pixel, 0 … 255. */
  public int at(int image, int channel, int y, int x) {
    return bytes[((image * channels + channel) * height + y) * width + x] & 0xff;
  }
}
