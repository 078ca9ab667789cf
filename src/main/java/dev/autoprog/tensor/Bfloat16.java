package dev.autoprog.tensor;

/** The upper half of a binary32, as the bits of a short. */
public final class Bfloat16 {
  /** One less than half of the last place that is kept. */
  private static final int BELOW_HALF = 0x7FFF;

  /** The bit of a NaN that is kept whatever else is lost, so that it does not become infinite. */
  private static final int QUIET = 0x400000;

  private Bfloat16() {}

  /**
   * Rounded to nearest, ties to even; infinite from halfway between the largest number and 2¹²⁸ on.
   * A NaN stays one.
   */
  public static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    int nearest = bits + BELOW_HALF + (bits >>> 16 & 1);
    return (short) ((Float.isNaN(value) ? bits | QUIET : nearest) >>> 16);
  }

  /** The same number, exactly. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
