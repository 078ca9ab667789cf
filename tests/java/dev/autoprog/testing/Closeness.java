package dev.autoprog.testing;

/**
 * Comparison by relative error ‖actual − expected‖/‖expected‖. Where the expected value is NaN or
 * infinite, the actual one must be the same; these elements do not count for the error.
 *
 * <p>One number alone, a sum of random terms of order one, now and then cancels to next to nothing,
 * and what rounding left of it has no relative error: of {@value #FEW} numbers and fewer, the norm
 * counts as at least {@value #LEAST} for each.
 */
public final class Closeness {
  private static final int FEW = 3;
  private static final double LEAST = 0.1;

  private Closeness() {}

  /**
   * Throws unless the relative error is at most {@code bound}; the message has the error, the worst
   * element and the run's seed. A bound of 0 asks for equality.
   */
  public static void assertClose(String what, float[] actual, double[] expected, double bound) {
    if (actual.length != expected.length) {
      throw new AssertionError(
          what + ": " + actual.length + " elements instead of " + expected.length);
    }
    double error = 0;
    double norm = 0;
    int worst = 0;
    for (int i = 0; i < actual.length; i++) {
      boolean finite = Double.isFinite(expected[i]);
      if (finite != Float.isFinite(actual[i])
          || !finite && Double.compare(actual[i], expected[i]) != 0) {
        throw new AssertionError(message(what, actual, expected, i));
      }
      if (finite) {
        double distance = Math.abs(actual[i] - expected[i]);
        error += distance * distance;
        norm += expected[i] * expected[i];
        worst = distance > Math.abs(actual[worst] - expected[worst]) ? i : worst;
      }
    }
    if (actual.length <= FEW) {
      norm = Math.max(norm, actual.length * LEAST * LEAST);
    }
    double relative = norm > 0 ? Math.sqrt(error / norm) : Math.sqrt(error);
    if (relative > bound) {
      throw new AssertionError(
          "relative error %.3g above %.3g; worst: %s"
              .formatted(relative, bound, message(what, actual, expected, worst)));
    }
  }

  /** The same, against floats. */
  public static void assertClose(String what, float[] actual, float[] expected, double bound) {
    assertClose(what, actual, widen(expected), bound);
  }

  /** Throws unless every element has the same bits (any NaN equals any other). */
  public static void assertSameBits(String what, float[] actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
        throw new AssertionError("other bits: " + message(what, actual, widen(expected), i));
      }
    }
  }

  /** The same numbers in float64. */
  public static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** The same numbers, rounded to float32. */
  public static float[] narrow(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }

  private static String message(String what, float[] actual, double[] expected, int i) {
    return "%s[%d of %d] is %s, expected %s (%s)"
        .formatted(what, i, actual.length, actual[i], expected[i], RandomData.seedNote());
  }
}
