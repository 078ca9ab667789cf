package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import java.util.List;

/**
 * Multi-head attention with its projections as diffusers has it: no biases before it, one behind
 * it. Tokens ask each other, or those of a context.
 */
final class ContextAttention {
  private static final String QUERIES = "to_q";
  private static final String KEYS = "to_k";
  private static final String VALUES = "to_v";

  private final int width;
  private final int heads;
  private final boolean self;
  private final StackedLinear first;
  private final StackedLinear keysAndValues;
  private final Linear projection;

  /**
   * Declares {@code to_q} (C, C), {@code to_k} and {@code to_v} (C, context width or C), {@code
   * to_out.0} (C, C).
   *
   * @param contextWidth of the tokens that are asked; 0 if the tokens ask each other
   */
  ContextAttention(ParameterSet.Builder parameters, int width, int heads, int contextWidth) {
    this.width = width;
    this.heads = heads;
    self = contextWidth == 0;
    List<String> asking = self ? List.of(QUERIES, KEYS, VALUES) : List.of(QUERIES);
    first = new StackedLinear(parameters, self ? "to_qkv" : QUERIES, asking, width, width);
    keysAndValues =
        self
            ? null
            : new StackedLinear(parameters, "to_kv", List.of(KEYS, VALUES), contextWidth, width);
    projection = new Linear(parameters.under("to_out").under("0"), width, width);
  }

  /**
   * (B, N, C) to (B, N, C).
   *
   * @param context (B, M, its width), or null if the tokens ask each other
   * @param base (B, N, C): what the result is added to
   */
  Variable forward(Tape tape, Variable x, Variable context, Variable base) {
    Variable asking = first.forward(tape, x);
    Variable attended =
        self
            ? Operations.attention(tape, asking, heads)
            : Operations.crossAttention(tape, asking, keysAndValues.forward(tape, context), heads);
    return projection.forward(tape, attended, base);
  }

  /** Multiply-adds of one sequence of this many tokens that asks so many. */
  double multiplyAdds(double tokens, double asked) {
    double products = first.multiplyAdds(tokens) + projection.multiplyAdds(tokens);
    double others = self ? 0 : keysAndValues.multiplyAdds(asked);
    return products + others + 2 * tokens * asked * width;
  }
}
