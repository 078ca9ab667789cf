package dev.autoprog.data;

import java.util.Arrays;

/**
 * Brings a picture to a square: scaled so that its shorter side fits, and cut to the middle of the
 * longer one. The filter is a triangle as wide as two output pixels, or two input pixels when
 * enlarging: bilinear interpolation with antialiasing, the usual preparation of training images. It
 * needs no graphics environment and gives the same bytes on every system.
 */
final class SquareResize {
  private static final int CHANNELS = 3;

  private SquareResize() {}

  /** The picture as planes (3, side, side) of bytes. */
  static byte[] planes(RgbRows rows, int side) {
    double scale = (double) Math.min(rows.height(), rows.width()) / side;
    Taps down = Taps.of(rows.height(), side, scale);
    float[][] narrow = narrow(rows, down, Taps.of(rows.width(), side, scale));
    byte[] planes = new byte[CHANNELS * side * side];
    float[] line = new float[CHANNELS * side];
    for (int i = 0; i < side; i++) {
      Arrays.fill(line, 0);
      float[] weights = down.weights[i];
      for (int k = 0; k < weights.length; k++) {
        float[] row = narrow[down.first[i] + k];
        for (int x = 0; x < line.length; x++) {
          line[x] += weights[k] * row[x];
        }
      }
      for (int c = 0; c < CHANNELS; c++) {
        for (int j = 0; j < side; j++) {
          planes[(c * side + i) * side + j] = (byte) Math.round(line[CHANNELS * j + c]);
        }
      }
    }
    return planes;
  }

  /** The same of stored planes (channels, height, width). */
  static byte[] planes(byte[] stored, int channels, int height, int width, int side) {
    double scale = (double) Math.min(height, width) / side;
    Taps down = Taps.of(height, side, scale);
    Taps across = Taps.of(width, side, scale);
    byte[] planes = new byte[channels * side * side];
    float[] narrow = new float[height * side];
    for (int c = 0; c < channels; c++) {
      for (int y = down.first[0]; y < down.end(); y++) {
        for (int j = 0; j < side; j++) {
          float sum = 0;
          for (int k = 0; k < across.weights[j].length; k++) {
            int at = (c * height + y) * width + across.first[j] + k;
            sum += across.weights[j][k] * (stored[at] & 0xff);
          }
          narrow[y * side + j] = sum;
        }
      }
      for (int i = 0; i < side; i++) {
        for (int j = 0; j < side; j++) {
          float sum = 0;
          for (int k = 0; k < down.weights[i].length; k++) {
            sum += down.weights[i][k] * narrow[(down.first[i] + k) * side + j];
          }
          planes[(c * side + i) * side + j] = (byte) Math.round(sum);
        }
      }
    }
    return planes;
  }

  /** Each row that is needed, scaled across: (height, side · 3), null where it is not. */
  private static float[][] narrow(RgbRows rows, Taps down, Taps across) {
    int side = across.first.length;
    float[][] narrow = new float[rows.height()][];
    float[] rgb = new float[CHANNELS * rows.width()];
    for (int y = down.first[0]; y < down.end(); y++) {
      rows.read(y, rgb);
      float[] row = new float[CHANNELS * side];
      for (int j = 0; j < side; j++) {
        float[] weights = across.weights[j];
        for (int k = 0; k < weights.length; k++) {
          int at = CHANNELS * (across.first[j] + k);
          row[CHANNELS * j] += weights[k] * rgb[at];
          row[CHANNELS * j + 1] += weights[k] * rgb[at + 1];
          row[CHANNELS * j + 2] += weights[k] * rgb[at + 2];
        }
      }
      narrow[y] = row;
    }
    return narrow;
  }

  /** Which input samples each output sample is a weighted mean of, along one axis. */
  private record Taps(int[] first, float[][] weights) {

    /** For the {@code side} output samples, {@code scale} apart, in the middle of the axis. */
    static Taps of(int length, int side, double scale) {
      double start = (length - scale * side) / 2;
      double reach = Math.max(scale, 1);
      int[] first = new int[side];
      float[][] weights = new float[side][];
      for (int i = 0; i < side; i++) {
        double centre = start + (i + 0.5) * scale;
        int from = Math.max(0, (int) Math.floor(centre - reach + 0.5));
        int to = Math.min(length, (int) Math.ceil(centre + reach - 0.5));
        first[i] = from;
        weights[i] = triangle(from, to, centre, reach);
      }
      return new Taps(first, weights);
    }

    private static float[] triangle(int from, int to, double centre, double reach) {
      float[] weights = new float[to - from];
      double sum = 0;
      for (int k = 0; k < weights.length; k++) {
        sum += 1 - Math.abs(from + k + 0.5 - centre) / reach;
      }
      for (int k = 0; k < weights.length; k++) {
        weights[k] = (float) ((1 - Math.abs(from + k + 0.5 - centre) / reach) / sum);
      }
      return weights;
    }

    int end() {
      int last = first.length - 1;
      return first[last] + weights[last].length;
    }
  }
}
