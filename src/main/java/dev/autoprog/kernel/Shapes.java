package dev.autoprog.kernel;

/** What every shape record checks of its components. */
final class Shapes {
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
}
