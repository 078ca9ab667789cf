package dev.autoprog.jmh;

import dev.autoprog.testing.RandomData;

/** Random inputs: in one process, the same name gives every implementation the same numbers. */
final class Inputs {
  /** Beyond this many, numbers repeat: no kernel is faster for it, and setting up is. */
  private static final int FRESH = 1 << 20;

  private Inputs() {}

  /** {@code n} numbers of the standard normal distribution. */
  static float[] gaussian(String name, long n) {
    float[] fresh = RandomData.of(name, n).gaussian(Math.min(n, FRESH));
    float[] values = new float[Math.toIntExact(n)];
    for (int i = 0; i < values.length; i += FRESH) {
      System.arraycopy(fresh, 0, values, i, Math.min(FRESH, values.length - i));
    }
    return values;
  }
}
