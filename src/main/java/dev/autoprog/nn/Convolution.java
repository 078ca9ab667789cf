package dev.autoprog.nn;

import dev.autoprog.autograd.ConvolutionOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;

/**
 * A 3×3 convolution with one row and column of zeros on each side. Weights begin uniform in ±√(6 /
 * (in + out)) of the elements that an output sees and an input feeds (Glorot and Bengio 2010), as
 * in the first diffusion models (Ho et al. 2020).
 */
public final class Convolution {
  private static final int KERNEL = 3;
  private static final int PIXELS = KERNEL * KERNEL;

  private final Parameter weight;
  private final Parameter bias;
  private final int stride;

  /** Declares {@code weight} (out, in, 3, 3) and {@code bias} (out); stride 1. */
  public Convolution(ParameterSet.Builder parameters, int in, int out) {
    this(parameters, in, out, 1, Initializer.glorot((long) PIXELS * in, (long) PIXELS * out));
  }

  /** The same with another stride, and weights that begin otherwise. */
  public Convolution(
      ParameterSet.Builder parameters, int in, int out, int stride, Initializer initializer) {
    this.stride = stride;
    weight = parameters.weight("weight", initializer, out, in, KERNEL, KERNEL);
    bias = parameters.free("bias", Initializer.constant(0), out);
  }

  /** One that halves height and width: stride 2. */
  public static Convolution halving(ParameterSet.Builder parameters, int channels) {
    long seen = (long) PIXELS * channels;
    return new Convolution(parameters, channels, channels, 2, Initializer.glorot(seen, seen));
  }

  /** (B, H, W, in) to (B, ⌈H/stride⌉, ⌈W/stride⌉, out). */
  public Variable forward(Tape tape, Variable x) {
    return ConvolutionOperations.convolution(tape, x, weight, bias, stride, KERNEL / 2);
  }

  /** Whether the backward pass reads the input, which it does for a gradient alone. */
  boolean isTrained() {
    return weight.requiresGradient() || bias.requiresGradient();
  }

  /** Multiply-adds for this many pixels of output. */
  public double multiplyAdds(double pixels) {
    return pixels * weight.shape().elements();
  }
}
