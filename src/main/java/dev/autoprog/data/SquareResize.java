package dev.autoprog.data;

import java.util.Arrays;

/**
 * Brings a picture to a square: scaled so that its shorter side fits, and cut to the middle of the
 * longer one. The filter is a triangle as wide as two output pixels, or two input pixels when
 * enlarging: bilinear interpolation with antialiasing, the usual preparation of training images. It
 * needs no graphics environment and gives the same bytes on every system.
 */
final class SquareResize {
  private SquareResize() {}

  /** The picture as planes (channels, side, side) of bytes. */
  static byte[] planes(PictureRows rows, int side) {
    int channels = rows.channels();
    double scale = (double) Math.min(rows.height(), rows.width()) / side;
    Taps down = Taps.of(rows.height(), side, scale);
    float[][] narrow = narrow(rows, down, Taps.of(rows.width(), side, scale));
    byte[] planes = new byte[channels * side * side];
    float[] line = new float[channels * side];
    for (int i = 0; i < side; i++) {
      Arrays.fill(line, 0);
      float[] weights = down.weights[i];
      for (int k = 0; k < weights.length; k++) {
        float[] row = narrow[down.first[i] + k];
        for (int x = 0; x < line.length; x++) {
          line[x] += weights[k] * row[x];
        }
      }
      for (int c = 0; c < channels; c++) {
        for (int j = 0; j < side; j++) {
          planes[(c * side + i) * side + j] = (byte) Math.round(line[channels * j + c]);
        }
      }
    }
    return planes;
  }

  /** Each row that is needed, scaled across: (height, side · channels), null where it is not. */
  private static float[][] narrow(PictureRows rows, Taps down, Taps across) {
    int channels = rows.channels();
    int side = across.first.length;
    float[][] narrow = new float[rows.height()][];
    float[] whole = new float[channels * rows.width()];
    for (int y = down.first[0]; y < down.end(); y++) {
      rows.read(y, whole);
      float[] row = new float[channels * side];
      for (int j = 0; j < side; j++) {
        float[] weights = across.weights[j];
        for (int k = 0; k < weights.length; k++) {
          int at = channels * (across.first[j] + k);
          for (int c = 0; c < channels; c++) {
            row[channels * j + c] += weights[k] * whole[at + c];
          }
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
