package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.kernel.Gelu;

/** Two linear layers with a GELU between them. */
public final class Mlp {
  private final Gelu gelu;
  private final Linear up;
  private final Linear down;

  /** Declares {@code fc1} (hidden, C) and {@code fc2} (C, hidden), each with a bias. */
  public Mlp(ParameterSet.Builder parameters, int width, int hidden, Gelu gelu) {
    this.gelu = gelu;
    up = new Linear(parameters.under("fc1"), width, hidden);
    down = new Linear(parameters.under("fc2"), hidden, width);
  }

  /**
   * (…, C) to (…, C).
   *
   * @param base (…, C): what the result is added to, or null for nothing
   */
  public Variable forward(Tape tape, Variable x, Variable base) {
    return Operations.mlp(tape, gelu, x, up.weight(), up.bias(), down.weight(), down.bias(), base);
  }

  /** Whether the backward pass reads the input. */
  boolean readsInput() {
    return up.isTrained();
  }
}
