package dev.autoprog.nn;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** A timestep's sines and cosines, through two linear layers with a SiLU between them. */
public final class TimestepEmbedding {
  private static final float MAX_PERIOD = 10000;

  private final int frequencies;
  private final Linear first;
  private final Linear second;
  private final DType type;

  /**
   * Declares two linear layers, (C, frequencies) and (C, C).
   *
   * @param firstName of the first layer
   * @param secondName of the second layer
   */
  public TimestepEmbedding(
      ParameterSet.Builder parameters,
      String firstName,
      String secondName,
      int frequencies,
      int width,
      Precision precision) {
    this.frequencies = frequencies;
    Initializer normal = Initializer.truncatedNormal(0.02);
    first = new Linear(parameters.under(firstName), frequencies, width, normal);
    second = new Linear(parameters.under(secondName), width, width, normal);
    type = precision.activations();
  }

  /** B timesteps to (B, C). */
  public Variable forward(Tape tape, float... timesteps) {
    long batch = timesteps.length;
    Tensor waves = tape.allocate(type, batch, frequencies);
    Tensor told = tape.allocate(batch).set(timesteps);
    tape.kernels().timestepEmbedding(batch, frequencies, MAX_PERIOD, told, waves);
    Variable hidden = first.forward(tape, tape.constant(waves));
    return second.forward(tape, ConditioningOperations.silu(tape, hidden));
  }
}
