package dev.autoprog.nn;

import dev.autoprog.tensor.Rng;
import java.util.Arrays;

/** How a parameter's elements begin. */
@FunctionalInterface
public interface Initializer {
  /** Fills {@code values}, drawing from {@code random} as needed. */
  void fill(float[] values, Rng random);

  /** All elements equal. */
  static Initializer constant(float value) {
    return (values, random) -> Arrays.fill(values, value);
  }

  /** N(0, std²), cut off at two standard deviations. */
  static Initializer truncatedNormal(double std) {
    return (values, random) -> {
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextTruncatedGaussian(std);
      }
    };
  }

  /** Uniform in ±√(6 / (in + out)) (Glorot and Bengio 2010). */
  static Initializer glorot(long in, long out) {
    return uniform(Math.sqrt(6.0 / (in + out)));
  }

  /** Uniform in (−bound, bound). */
  static Initializer uniform(double bound) {
    return (values, random) -> {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
      }
    };
  }
}
