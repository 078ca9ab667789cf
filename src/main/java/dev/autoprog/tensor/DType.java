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
  UINT8(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
