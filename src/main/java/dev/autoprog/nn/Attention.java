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

  /**
   * (B, N, C) to (B, C): the same for the class token alone. The other tokens are asked, and do not
   * ask.
   */
  Variable attendByClassToken(Tape tape, Variable x) {
    long width = qkv.weight().shape().dim(1);
    Variable asking = part(tape, Operations.selectClassToken(tape, x), 0, width);
    Variable asked = part(tape, x, width, 3 * width);
    return Operations.crossAttention(tape, asking, asked, heads);
  }

  /** What some outputs of the first projection are. */
  private Variable part(Tape tape, Variable x, long begin, long end) {
    Variable weight = qkv.weight().rows(begin, end);
    Variable bias = qkv.bias().rows(begin, end);
    return Operations.linear(tape, x, weight, bias, null, x.value().dtype());
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
