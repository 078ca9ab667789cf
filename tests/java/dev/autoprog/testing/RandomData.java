package dev.autoprog.testing;

import dev.autoprog.tensor.Rng;
import java.util.Arrays;

/**
 * Random inputs, other ones in every run. The run's seed stands in every message of {@link
 * Closeness}; {@code -Dautoprog.test.seed=…} repeats a run. The data of a test depends on the seed
 * and the name given here, not on the order of the tests.
 */
public final class RandomData {
  private static final long SEED = Long.getLong("autoprog.test.seed", System.nanoTime());

  private final Rng rng;

  private RandomData(Rng rng) {
    this.rng = rng;
  }

  /** The data that {@code name} (strings and numbers: a test, its sizes) gets in this run. */
  public static RandomData of(Object... name) {
    return new RandomData(Rng.of(SEED, Arrays.hashCode(name)));
  }

  /** For messages: the seed, and how to use it again. */
  public static String seedNote() {
    return "repeat with -Dautoprog.test.seed=" + SEED;
  }

  /** Standard normal values. */
  public float[] gaussian(long n) {
    float[] values = new float[Math.toIntExact(n)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) rng.nextGaussian();
    }
    return values;
  }

  /** Values in [low, high). */
  public float[] uniform(long n, double low, double high) {
    float[] values = new float[Math.toIntExact(n)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (low + (high - low) * rng.nextDouble());
    }
    return values;
  }

  /**
   * What {@code +=} adds to: far enough from zero that sums of a few terms hardly ever cancel. A
   * bound relative to the result says nothing about a result that did.
   */
  public float[] prior(long n) {
    return uniform(n, 3, 5);
  }

  /**
   * Values of either sign, their magnitude in [0.5, 2): for what an update changes by a little, and
   * which a single element must therefore not have near zero, where a relative bound says nothing.
   */
  public float[] awayFromZero(long n) {
    float[] values = uniform(n, 0.5, 2);
    for (int i = 0; i < values.length; i++) {
      values[i] *= rng.nextInt(2) == 0 ? 1 : -1;
    }
    return values;
  }

  /** Integers in [low, high). */
  public int[] integers(long n, int low, int high) {
    int[] values = new int[Math.toIntExact(n)];
    for (int i = 0; i < values.length; i++) {
      values[i] = low + rng.nextInt(high - low);
    }
    return values;
  }

  /** Bytes of every value. */
  public byte[] bytes(long n) {
    byte[] values = new byte[Math.toIntExact(n)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (byte) rng.nextInt();
    }
    return values;
  }

  /** An integer in [0, bound). */
  public int below(int bound) {
    return rng.nextInt(bound);
  }
}
