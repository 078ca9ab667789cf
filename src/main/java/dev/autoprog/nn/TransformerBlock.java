package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.tensor.Tensor;
import java.util.Set;

/** A pre-norm transformer block: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}. */
public final class TransformerBlock {
  /**
   * The layers whose weight and bias end a residual branch: with these at zero, the block hands its
   * input on unchanged.
   */
  public static final Set<String> BRANCH_ENDS = Set.of("attn.proj", "mlp.fc2");

  private final LayerNorm norm1;
  private final Attention attention;
  private final LayerNorm norm2;
  private final Mlp mlp;

  /** Declares {@code norm1}, {@code attn}, {@code norm2} and {@code mlp}. */
  public TransformerBlock(ParameterSet.Builder parameters, int width, int heads, int hidden) {
    norm1 = new LayerNorm(parameters.under("norm1"), width);
    attention = new Attention(parameters.under("attn"), width, heads);
    norm2 = new LayerNorm(parameters.under("norm2"), width);
    mlp = new Mlp(parameters.under("mlp"), width, hidden, Gelu.ERF);
  }

  /**
   * (B, N, C) to (B, N, C).
   *
   * @param depth decides, per sample, which branches are dropped
   * @param index this block's place in the stack
   */
  public Variable forward(Tape tape, Variable x, StochasticDepth depth, int index) {
    Variable h = branch(tape, x, norm1, attention::forward, depth, index, 0);
    return branch(tape, h, norm2, mlp::forward, depth, index, 1);
  }

  /**
   * (B, N, C) to (B, C): the class token of what {@link #forward} gives, for a last block. The
   * other tokens are only asked: in neither direction do they ask, or pass the projection or the
   * MLP.
   */
  public Variable forwardClassToken(Tape tape, Variable x, StochasticDepth depth, int index) {
    Variable attended = attention.attendByClassToken(tape, norm1.forward(tape, x));
    Variable before = Operations.selectClassToken(tape, x);
    Variable h = sum(tape, before, attended, attention::project, depth, index, 0);
    return branch(tape, h, norm2, mlp::forward, depth, index, 1);
  }

  /** {@code x + body(norm(x))}. */
  private static Variable branch(
      Tape tape,
      Variable x,
      LayerNorm norm,
      Body body,
      StochasticDepth depth,
      int index,
      int place) {
    return sum(tape, x, norm.forward(tape, x), body, depth, index, place);
  }

  /** {@code x + body(in)}; where no sample is dropped, the sum is part of the last product. */
  private static Variable sum(
      Tape tape, Variable x, Variable in, Body body, StochasticDepth depth, int index, int place) {
    Tensor scale = depth.scale(tape, x.value().shape().dim(0), index, place);
    return scale == null
        ? body.forward(tape, in, x)
        : Operations.residual(tape, x, body.forward(tape, in, null), scale);
  }

  private interface Body {
    Variable forward(Tape tape, Variable x, Variable base);
  }
}
