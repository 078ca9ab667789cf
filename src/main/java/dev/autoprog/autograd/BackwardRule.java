package dev.autoprog.autograd;

import dev.autoprog.tensor.Tensor;

/** How an operation hands its output's gradient on to its inputs. */
@FunctionalInterface
public interface BackwardRule {
  /**
   * Gives each input its share by {@link Tape#accumulate}, and each trainable parameter's factors
   * to the sink.
   *
   * @param dy the gradient by the operation's output, in its shape; not to be changed
   */
  void apply(Tensor dy, GradientSink sink);
}
