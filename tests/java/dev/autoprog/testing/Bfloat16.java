package dev.autoprog.testing;

/** The upper half of a float32, by the bits. */
final class Bfloat16 {
  private Bfloat16() {}

  /** Rounded to nearest, ties to even; a NaN stays one. */
  static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    int nearest = bits + 0x7FFF + (bits >>> 16 & 1);
    return (short) ((Float.isNaN(value) ? bits | 0x400000 : nearest) >>> 16);
  }

  static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
