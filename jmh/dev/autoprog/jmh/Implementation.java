package dev.autoprog.jmh;

import java.util.Arrays;
import java.util.List;

/** Who computes: the values of the parameter {@code implementation}. */
public enum Implementation {
  /** This library in float32. */
  AUTOPROG_FP32("autoprog-fp32", 4, Environment.PLAIN),
  /** This library with activations and the operands of products in bfloat16. */
  AUTOPROG_BF16("autoprog-bf16", 2, Environment.PLAIN),
  /** libtorch as it comes, attention written out as in DeiT's code. */
  LIBTORCH("libtorch", 4, Environment.PLAIN),
  /** libtorch at its best: a tuned environment, and the faster of that and its own attention. */
  LIBTORCH_BEST("libtorch-best", 4, Environment.KEEPING_MEMORY_AND_OPENBLAS),
  /** The same on bfloat16 tensors, or in a training step under autocast; oneDNN multiplies. */
  LIBTORCH_BF16("libtorch-bf16", 2, Environment.KEEPING_MEMORY),
  /** DJL's PyTorch engine; its libtorch multiplies by MKL. */
  DJL("djl", 4, Environment.KEEPING_MEMORY);

  /** Those of this library. */
  static final List<Implementation> OURS = List.of(AUTOPROG_FP32, AUTOPROG_BF16);

  private static final double FLOAT32_TOLERANCE = 1e-4;

  /** libtorch sums gradients over rows in bfloat16, too: a layer norm's gain is off by 6 %. */
  private static final double BFLOAT16_TOLERANCE = 1e-1;

  private final String id;
  private final int elementBytes;
  private final Environment environment;

  Implementation(String id, int elementBytes, Environment environment) {
    this.id = id;
    this.elementBytes = elementBytes;
    this.environment = environment;
  }

  /** The one of this name. */
  static Implementation named(String id) {
    return Arrays.stream(values())
        .filter(implementation -> implementation.id.equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no implementation is named " + id));
  }

  /** Its name in parameters and tables. */
  String id() {
    return id;
  }

  /** Bytes of an activation. */
  int elementBytes() {
    return elementBytes;
  }

  /** Whether activations are bfloat16. */
  boolean isBfloat16() {
    return elementBytes == 2;
  }

  /** The environment variables that its process starts with. */
  Environment environment() {
    return environment;
  }

  /** How far it may be from ours in float32, relative to the norm. */
  double tolerance() {
    return isBfloat16() ? BFLOAT16_TOLERANCE : FLOAT32_TOLERANCE;
  }
}
