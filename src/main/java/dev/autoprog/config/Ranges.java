package dev.autoprog.config;

/**
 * Checks of the numbers in a configuration's records. Each throws an {@link
 * IllegalArgumentException} that names the key, what was found and what was expected.
 */
public final class Ranges {
  private Ranges() {}

  /** A number above 0; infinity is none. */
  public static void requirePositive(String key, double found) {
    require(found > 0 && Double.isFinite(found), key, found, "a finite number above 0");
  }

  /** A number of 0 or more; infinity is none. */
  public static void requireNotNegative(String key, double found) {
    require(found >= 0 && Double.isFinite(found), key, found, "a finite number of at least 0");
  }

  /** A number from 0 to 1. */
  public static void requireProbability(String key, double found) {
    require(found >= 0 && found <= 1, key, found, "in [0, 1]");
  }

  /** Anything else. */
  public static void require(boolean condition, String key, Object found, String expected) {
    if (!condition) {
      throw new IllegalArgumentException(key + " is " + found + ", expected " + expected);
    }
  }
}
