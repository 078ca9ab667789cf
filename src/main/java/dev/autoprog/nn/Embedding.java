package dev.autoprog.nn;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.tensor.Tensor;

/** A table of learned vectors. */
public final class Embedding {
  private final Parameter table;

  /** Declares the table (rows, C) under {@code name}; it begins as N(0, 0.02²). */
  public Embedding(ParameterSet.Builder parameters, String name, int rows, int width) {
    this(parameters, name, rows, width, Initializer.truncatedNormal(0.02));
  }

  /** The same with a beginning of its own. */
  public Embedding(
      ParameterSet.Builder parameters, String name, int rows, int width, Initializer initializer) {
    table = parameters.weight(name, initializer, rows, width);
  }

  /**
   * B indices to (B, C).
   *
   * @throws IllegalArgumentException if one is no row of the table
   */
  public Variable forward(Tape tape, int... indices) {
    return forward(tape, indices, null);
  }

  /**
   * The same.
   *
   * @param placed the indices where kernels read them, INT32 (B); null to bring them there
   */
  public Variable forward(Tape tape, int[] indices, Tensor placed) {
    return ConditioningOperations.embedding(tape, table, indices, placed);
  }
}
