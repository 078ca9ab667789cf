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
   * Of two linear layers.
   *
   * @param frequencies sines and cosines together
   * @param first (C, frequencies)
   * @param second (C, C)
   */
  public TimestepEmbedding(int frequencies, Linear first, Linear second, Precision precision) {
    this.frequencies = frequencies;
    this.first = first;
    this.second = second;
    type = precision.activations();
  }

  /** B timesteps to (B, C). */
  public Variable forward(Tape tape, float... timesteps) {
    return forward(tape, timesteps, null);
  }

  /**
   * The same.
   *
   * @param placed the timesteps where kernels read them, FLOAT32 (B); null to bring them there
   */
  public Variable forward(Tape tape, float[] timesteps, Tensor placed) {
    long batch = timesteps.length;
    Tensor waves = tape.allocate(type, batch, frequencies);
    Tensor told = placed == null ? tape.allocate(batch).set(timesteps) : placed;
    tape.kernels().timestepEmbedding(batch, frequencies, MAX_PERIOD, told, waves);
    Variable hidden = first.forward(tape, tape.constant(waves));
    return second.forward(tape, ConditioningOperations.silu(tape, hidden));
  }
}
