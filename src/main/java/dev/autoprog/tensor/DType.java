package dev.autoprog.tensor;

/** The element types that kernels know. */
public enum DType {
  /** IEEE 754 binary32. */
  FLOAT32(4),
  /** The upper half of a binary32. */
  BFLOAT16(2),
  /** Signed 32-bit integers: class ids, indices. */
  INT32(4),
  /** Unsigned bytes: image samples. */
  UINT8(1),
  /** IEEE 754 binary64: sums that must lose no digits. */
  FLOAT64(8);

  private static final long MOST_BYTES = 1L << 62;

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /**
   * Bytes of all elements of a tensor.
   *
   * @throws IllegalArgumentException if there are more than 2⁶², beyond which sums overflow
   */
  public long bytes(Shape shape) {
    if (shape.elements() > MOST_BYTES / bytes) {
      throw new IllegalArgumentException("A tensor " + this + shape + " has more than 2^62 bytes");
    }
    return shape.elements() * bytes;
  }
}
