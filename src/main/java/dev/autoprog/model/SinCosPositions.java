package dev.autoprog.model;

import dev.autoprog.nn.Initializer;

/**
 * The fixed positions of diffusion transformers: of a token at column x and row y of its grid, the
 * first half of the channels tells x, the second y, each by the sines and then the cosines of its
 * products with falling frequencies (Vaswani et al. 2017, in two dimensions).
 */
final class SinCosPositions {
  private static final double BASE = 10000;

  private SinCosPositions() {}

  /** Fills (grid², width), row by row of the grid; the width is a multiple of 4. */
  static Initializer of(int grid, int width) {
    return (values, random) -> {
      for (int token = 0; token < grid * grid; token++) {
        coordinate(token % grid, values, token * width, width / 4);
        coordinate(token / grid, values, token * width + width / 2, width / 4);
      }
    };
  }

  private static void coordinate(int place, float[] values, int at, int frequencies) {
    for (int i = 0; i < frequencies; i++) {
      double angle = place * Math.pow(BASE, -(double) i / frequencies);
      values[at + i] = (float) Math.sin(angle);
      values[at + frequencies + i] = (float) Math.cos(angle);
    }
  }
}
