package dev.autoprog.nn;

import dev.autoprog.autograd.ConvolutionOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;

/** Group norm over the pixels and channels of each group, and SiLU behind it if wanted. */
public final class GroupNorm {
  private final Parameter gain;
  private final Parameter bias;
  private final int groups;
  private final float epsilon;
  private final boolean silu;

  /**
   * Declares {@code weight} (C), the gain, and {@code bias} (C).
   *
   * @param groups divide {@code channels}
   * @param silu whether SiLU follows
   */
  public GroupNorm(
      ParameterSet.Builder parameters, int channels, int groups, float epsilon, boolean silu) {
    this.groups = groups;
    this.epsilon = epsilon;
    this.silu = silu;
    gain = parameters.free("weight", Initializer.constant(1), channels);
    bias = parameters.free("bias", Initializer.constant(0), channels);
  }

  /** (B, …, C) to (B, …, C). */
  public Variable forward(Tape tape, Variable x) {
    return ConvolutionOperations.groupNorm(tape, x, gain, bias, groups, epsilon, silu);
  }
}
