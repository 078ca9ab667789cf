package dev.autoprog.nn;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
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
    mlp = new Mlp(parameters.under("mlp"), width, hidden);
  }

  /**
   * (B, N, C) to (B, N, C).
   *
   * @param depth decides, per sample, which branches are dropped
   * @param index this block's place in the stack
   */
  public Variable forward(Tape tape, Variable x, StochasticDepth depth, int index) {
    long batch = x.value().shape().dim(0);
    Variable a = attention.forward(tape, norm1.forward(tape, x));
    Variable h = Operations.residual(tape, x, a, depth.scale(tape, batch, index, 0));
    Variable m = mlp.forward(tape, norm2.forward(tape, h));
    return Operations.residual(tape, h, m, depth.scale(tape, batch, index, 1));
  }
}
