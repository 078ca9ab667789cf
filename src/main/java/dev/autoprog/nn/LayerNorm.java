package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;

/** Layer norm over the last dimension. */
public final class LayerNorm {
  private static final float EPSILON = 1e-6f;

  private final float epsilon;
  private final Parameter gain;
  private final Parameter bias;

  /** Declares {@code weight} (C), the gain, and {@code bias} (C); ε = 1e-6 as in ViT. */
  public LayerNorm(ParameterSet.Builder parameters, int width) {
    this(parameters, width, EPSILON);
  }

  /** The same with another ε. */
  public LayerNorm(ParameterSet.Builder parameters, int width, float epsilon) {
    this.epsilon = epsilon;
    gain = parameters.free("weight", Initializer.constant(1), width);
    bias = parameters.free("bias", Initializer.constant(0), width);
  }

  /** (…, C) to (…, C). */
  public Variable forward(Tape tape, Variable x) {
    return Operations.layerNorm(tape, x, gain, bias, epsilon);
  }
}
