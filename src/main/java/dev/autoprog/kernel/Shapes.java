package dev.autoprog.kernel;

import java.util.Arrays;

/** What every shape record checks of its components. */
final class Shapes {
  private static final long MOST_ELEMENTS = 1L << 62;

  private Shapes() {}

  /** Names and values in turn; the first value below 1 throws. */
  static void positive(Object... namesAndValues) {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (((Number) namesAndValues[i + 1]).longValue() < 1) {
        throw new IllegalArgumentException(
            namesAndValues[i] + " is " + namesAndValues[i + 1] + ", expected at least 1");
      }
    }
  }

  /** Throws unless attention takes heads of this size. */
  static void headDim(long headDim) {
    if (headDim % 8 != 0 || headDim > 160) {
      throw new IllegalArgumentException(
          "headDim is " + headDim + ", expected a multiple of 8 up to 160");
    }
  }

  /** The product of the factors; beyond 2⁶² it throws, lest a wrapped one passes for a size. */
  static long elements(long... factors) {
    long product = 1;
    for (long factor : factors) {
      if (product > MOST_ELEMENTS / factor) {
        throw new IllegalArgumentException(
            "The shape " + Arrays.toString(factors) + " is too large: it has over 2^62 elements");
      }
      product *= factor;
    }
    return product;
  }

  /** Elements from the start of the first of {@code rows} rows to the end of the last. */
  static long span(RowsShape shape) {
    return shape.rows() == 1
        ? shape.columns()
        : elements(shape.rows() - 1, shape.stride()) + shape.columns();
  }
}
