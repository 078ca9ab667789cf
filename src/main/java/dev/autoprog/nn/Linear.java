package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.tensor.DType;

/**
 * {@code y = x Wᵀ + b} on the last dimension. Weights begin uniform in ±√(6 / (in + out)) (Glorot
 * and Bengio 2010), as in the original ViT. DeiT's N(0, 0.02²) is close to that at its widths of
 * 192 and more, and too small for the narrow networks of a CPU.
 */
public final class Linear {
  private final Parameter weight;
  private final Parameter bias;

  /** Declares {@code weight} (out, in) and {@code bias} (out). */
  public Linear(ParameterSet.Builder parameters, int in, int out) {
    this(parameters, in, out, Initializer.glorot(in, out));
  }

  /** The same, with weights that begin otherwise. */
  public Linear(ParameterSet.Builder parameters, int in, int out, Initializer initializer) {
    this(parameters, initializer, out, in);
  }

  private Linear(ParameterSet.Builder parameters, Initializer initializer, long... dims) {
    weight = parameters.weight("weight", initializer, dims);
    bias = parameters.free("bias", Initializer.constant(0), dims[0]);
  }

  /** A convolution of single pixels, which is this on their channels: weights (out, in, 1, 1). */
  public static Linear ofPixels(
      ParameterSet.Builder parameters, int in, int out, Initializer initializer) {
    return new Linear(parameters, initializer, out, in, 1, 1);
  }

  /** (out, in). */
  Parameter weight() {
    return weight;
  }

  /** (out). */
  Parameter bias() {
    return bias;
  }

  /** (…, in) to (…, out). */
  public Variable forward(Tape tape, Variable x) {
    return forward(tape, x, null);
  }

  /**
   * (…, in) to (…, out), added to a residual.
   *
   * @param base (…, out), or null for nothing
   */
  public Variable forward(Tape tape, Variable x, Variable base) {
    return Operations.linear(tape, x, weight, bias, base, x.value().dtype());
  }

  /** (…, in) to (…, out) in FLOAT32, whatever the input is: for what a loss reads. */
  public Variable forwardToFloats(Tape tape, Variable x) {
    return Operations.linear(tape, x, weight, bias, null, DType.FLOAT32);
  }

  /** Whether the backward pass reads the input, which it does for a gradient alone. */
  boolean isTrained() {
    return weight.requiresGradient() || bias.requiresGradient();
  }

  /** Multiply-adds for this many rows. */
  public double multiplyAdds(double rows) {
    return rows * weight.shape().elements();
  }
}
