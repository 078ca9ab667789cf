package dev.autoprog.io;

import dev.autoprog.tensor.DType;

/** The element types of the safetensors format that take whole bytes; their names are its words. */
public enum StoredType {
  /** IEEE 754 binary64. */
  F64(8),
  /** IEEE 754 binary32. */
  F32(4),
  /** IEEE 754 binary16. */
  F16(2),
  /** The upper half of a binary32. */
  BF16(2),
  /** Signed 64-bit integers. */
  I64(8),
  /** Signed 32-bit integers. */
  I32(4),
  /** Signed 16-bit integers. */
  I16(2),
  /** Signed bytes. */
  I8(1),
  /** Unsigned 64-bit integers. */
  U64(8),
  /** Unsigned 32-bit integers. */
  U32(4),
  /** Unsigned 16-bit integers. */
  U16(2),
  /** Unsigned bytes. */
  U8(1),
  /** A byte, 0 or 1. */
  BOOL(1),
  /** Complex numbers of two binary32. */
  C64(8),
  /** 8-bit floats with 4 bits of exponent and 3 of mantissa. */
  F8_E4M3(1),
  /** 8-bit floats with 5 bits of exponent and 2 of mantissa. */
  F8_E5M2(1),
  /** 8-bit powers of two. */
  F8_E8M0(1);

  private final int bytes;

  StoredType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether the elements can be read as float32: a real float of 16, 32 or 64 bits. */
  public boolean isFloat() {
    return this == F64 || this == F32 || this == F16 || this == BF16;
  }

  /** The type that holds exactly the elements of {@code dtype}. */
  public static StoredType of(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> F32;
      case BFLOAT16 -> BF16;
      case INT32 -> I32;
      case UINT8 -> U8;
      case FLOAT64 -> F64;
    };
  }
}
