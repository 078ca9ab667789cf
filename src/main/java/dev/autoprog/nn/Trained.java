package dev.autoprog.nn;

import dev.autoprog.autograd.Variable;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/** What a network learns, or a part of it that is used by itself. */
public interface Trained extends Variable {
  /** Its name. */
  String name();

  /** Its shape. */
  Shape shape();

  /**
   * Where its gradient is summed up, in its shape.
   *
   * @throws IllegalStateException if the set's gradients were fitted while it was frozen
   */
  Tensor gradient();
}
