package dev.autoprog.io;

import dev.autoprog.tensor.Bfloat16;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Turns stored floats of any width into float32. */
final class FloatDecoder {
  private static final int HALF_EXPONENT_BIAS = 15;
  private static final int HALF_MANTISSA_BITS = 10;

  private FloatDecoder() {}

  /**
   * The elements as float32: F64 rounded to nearest, F32, F16 and BF16 exact.
   *
   * @param source little-endian; read to its limit
   * @return a little-endian buffer to be read from its position to its limit
   */
  static ByteBuffer toFloats(StoredType type, ByteBuffer source) {
    if (type == StoredType.F32) {
      return source;
    }
    int elements = source.remaining() / type.bytes();
    ByteBuffer floats = ByteBuffer.allocate(elements * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < elements; i++) {
      floats.putInt(
          switch (type) {
            case F64 -> Float.floatToRawIntBits((float) source.getDouble());
            case F16 -> Float.floatToRawIntBits(halfToFloat(source.getShort()));
            case BF16 -> Float.floatToRawIntBits(Bfloat16.toFloat(source.getShort()));
            default -> throw new IllegalArgumentException(type + " is no float type");
          });
    }
    return floats.flip();
  }

  /** IEEE 754 binary16 to binary32, exactly; a NaN keeps its sign and payload. */
  static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> HALF_MANTISSA_BITS) & 0x1F;
    int mantissa = half & 0x3FF;
    if (exponent == 0x1F) {
      return Float.intBitsToFloat(sign | 0x7F800000 | mantissa << 13);
    }
    int significand = exponent == 0 ? mantissa : mantissa | 1 << HALF_MANTISSA_BITS;
    int scale = Math.max(exponent, 1) - HALF_EXPONENT_BIAS - HALF_MANTISSA_BITS;
    float magnitude = Math.scalb((float) significand, scale);
    return sign == 0 ? magnitude : -magnitude;
  }
}
