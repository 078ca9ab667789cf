package dev.autoprog.autograd;

import dev.autoprog.tensor.Tensor;

/** A tensor in a computation: a constant, a parameter, or what an operation made of others. */
public interface Variable {
  /** Its value. */
  Tensor value();

  /** Whether something trainable contributed to it, or it is trainable itself. */
  boolean requiresGradient();
}
