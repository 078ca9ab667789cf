package dev.autoprog.nn;

import dev.autoprog.tensor.DType;

/**
 * With what a network computes. Weights, gradients, statistics, losses and the optimizer's state
 * are float32 in either.
 */
public enum Precision {
  /** Activations and products in float32. */
  FP32(DType.FLOAT32),
  /** Activations and the operands of matrix products in bfloat16, sums in float32. */
  BF16(DType.BFLOAT16);

  private final DType activations;

  Precision(DType activations) {
    this.activations = activations;
  }

  /** The element type of activations. */
  public DType activations() {
    return activations;
  }
}
