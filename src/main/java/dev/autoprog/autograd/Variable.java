package dev.autoprog.autograd;

import dev.autoprog.tensor.Tensor;

/** A tensor in a computation: a constant, a parameter, or what an operation made of others. */
public interface Variable {
  /** Its value. */
  Tensor value();

  /** Its value as a factor of a matrix product: of the type that activations have. */
  default Tensor operand() {
    return value();
  }

  /** Whether something trainable contributed to it, or it is trainable itself. */
  boolean requiresGradient();
}
