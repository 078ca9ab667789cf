package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;

/** {@code y = x Wᵀ + b} on the last dimension. */
public final class Linear {
  /** The standard deviation that ViTs begin their linear layers with. */
  private static final double STD = 0.02;

  private final Parameter weight;
  private final Parameter bias;

  /** Declares {@code weight} (out, in) and {@code bias} (out). */
  public Linear(ParameterSet.Builder parameters, int in, int out) {
    weight = parameters.weight("weight", Initializer.truncatedNormal(STD), out, in);
    bias = parameters.free("bias", Initializer.constant(0), out);
  }

  /** (…, in) to (…, out). */
  public Variable forward(Tape tape, Variable x) {
    return Operations.linear(tape, x, weight, bias);
  }
}
