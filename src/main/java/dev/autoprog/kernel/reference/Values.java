package dev.autoprog.kernel.reference;

import dev.autoprog.tensor.Bfloat16;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;

/** Tensors in host memory as arrays of doubles, whatever their element type, and back. */
final class Values {
  /** Elements that are looked at through one buffer; a buffer has at most 2³¹ − 1 bytes. */
  private static final int WINDOW = 1 << 20;

  private Values() {}

  /** The elements, exactly: every element type is a subset of float64. */
  static double[] read(Tensor tensor) {
    double[] values = new double[size(tensor)];
    for (int begin = 0; begin < values.length; begin += WINDOW) {
      int n = Math.min(WINDOW, values.length - begin);
      ByteBuffer buffer = window(tensor, begin, n);
      for (int i = 0; i < n; i++) {
        values[begin + i] =
            switch (tensor.dtype()) {
              case FLOAT32 -> buffer.getFloat(i * Float.BYTES);
              case BFLOAT16 -> Bfloat16.toFloat(buffer.getShort(i * Short.BYTES));
              case INT32 -> buffer.getInt(i * Integer.BYTES);
              case UINT8 -> Byte.toUnsignedInt(buffer.get(i));
              case FLOAT64 -> buffer.getDouble(i * Double.BYTES);
            };
      }
    }
    return values;
  }

  /** {@code tensor = values}, each rounded to the nearest representable number, ties to even. */
  static void write(double[] values, Tensor tensor) {
    if (values.length != tensor.elements()) {
      throw new IllegalArgumentException(values.length + " values for " + tensor);
    }
    for (int begin = 0; begin < values.length; begin += WINDOW) {
      int n = Math.min(WINDOW, values.length - begin);
      ByteBuffer buffer = window(tensor, begin, n);
      for (int i = 0; i < n; i++) {
        double value = values[begin + i];
        switch (tensor.dtype()) {
          case FLOAT32 -> buffer.putFloat(i * Float.BYTES, (float) value);
          case BFLOAT16 -> buffer.putShort(i * Short.BYTES, toBfloat16(value));
          case FLOAT64 -> buffer.putDouble(i * Double.BYTES, value);
          case INT32, UINT8 ->
              throw new IllegalArgumentException("No kernel writes " + tensor.dtype());
        }
      }
    }
  }

  /** {@code tensor += values}: added in float64, then rounded once. */
  static void add(double[] values, Tensor tensor) {
    double[] sum = read(tensor);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += values[i];
    }
    write(sum, tensor);
  }

  /**
   * To nearest, ties to even, in one rounding: the float on the way is rounded to odd (truncated,
   * its last bit set if anything was lost), so that it still tells a tie from what lies beside it.
   */
  static short toBfloat16(double value) {
    if (Double.isNaN(value)) {
      return (short) 0x7FC0;
    }
    float nearest = (float) value;
    int bits = Float.floatToRawIntBits(nearest);
    if (nearest != value) {
      if (Math.abs((double) nearest) > Math.abs(value)) {
        bits--;
      }
      bits |= 1;
    }
    int half = 0x7FFF + (bits >>> 16 & 1);
    return (short) (bits + half >>> 16);
  }

  private static int size(Tensor tensor) {
    if (tensor.elements() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          tensor
              + " is too large for the reference backend, whose arrays end at 2^31 elements; use"
              + " another backend");
    }
    return (int) tensor.elements();
  }

  private static ByteBuffer window(Tensor tensor, long begin, long elements) {
    int bytes = tensor.dtype().bytes();
    return HostDevice.view(tensor.address() + begin * bytes, elements * bytes);
  }
}
