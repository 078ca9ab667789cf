package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;

/** Multi-head self attention with its projections. */
public final class Attention {
  private final int heads;
  private final Linear qkv;
  private final Linear projection;

  /** Declares {@code qkv} (3C, C) and {@code proj} (C, C), each with a bias. */
  public Attention(ParameterSet.Builder parameters, int width, int heads) {
    this.heads = heads;
    this.qkv = new Linear(parameters.under("qkv"), width, 3 * width);
    this.projection = new Linear(parameters.under("proj"), width, width);
  }

  /**
   * (B, N, C) to (B, N, C).
   *
   * @param base (B, N, C): what the result is added to, or null for nothing
   */
  public Variable forward(Tape tape, Variable x, Variable base) {
    return project(tape, attend(tape, x), base);
  }

  /** (B, N, C) to (B, N, C): what the heads find, before the projection. */
  Variable attend(Tape tape, Variable x) {
    return Operations.attention(tape, qkv.forward(tape, x), heads);
  }

  /** (…, C) to (…, C): the projection of what the heads found, added to {@code base} if any. */
  Variable project(Tape tape, Variable attended, Variable base) {
    return projection.forward(tape, attended, base);
  }

  /** Whether the backward pass reads the input. */
  boolean readsInput() {
    return qkv.isTrained();
  }
}
