package dev.autoprog.jmh;

import java.util.List;

/** Whether two implementations compute the same. */
final class Agreement {
  private Agreement() {}

  /** All arrays, one behind the other. */
  static float[] joined(List<float[]> parts) {
    float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int offset = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, offset, part.length);
      offset += part.length;
    }
    return all;
  }

  /**
   * Requires {@code ‖actual − expected‖ ≤ tolerance · ‖expected‖}.
   *
   * @throws IllegalStateException if it is not so: then a benchmark would time something else
   */
  static void require(String what, float[] actual, float[] expected, double tolerance) {
    if (actual.length != expected.length) {
      throw new IllegalStateException(
          what + " gives " + actual.length + " numbers, ours " + expected.length);
    }
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < actual.length; i++) {
      difference += Math.pow((double) actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    double relative = Math.sqrt(difference / norm);
    if (!(relative <= tolerance)) {
      throw new IllegalStateException(
          "%s differs from ours by %.1e, expected at most %.1e"
              .formatted(what, relative, tolerance));
    }
  }
}
