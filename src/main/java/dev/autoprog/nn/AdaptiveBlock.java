package dev.autoprog.nn;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.kernel.Gelu;

/**
 * A block of a diffusion transformer (adaLN-Zero, Peebles and Xie 2023): a transformer block whose
 * two norms are shifted and scaled, and whose two branches are gated, by the condition. It begins
 * as the identity, its gates at zero.
 */
public final class AdaptiveBlock {
  /** The variance below which a norm counts as constant. */
  public static final float EPSILON = 1e-6f;

  private static final int SHIFT_ATTENTION = 0;
  private static final int SCALE_ATTENTION = 1;
  private static final int GATE_ATTENTION = 2;
  private static final int SHIFT_MLP = 3;
  private static final int SCALE_MLP = 4;
  private static final int GATE_MLP = 5;
  private static final int CHUNKS = 6;

  private final Attention attention;
  private final Mlp mlp;
  private final Linear modulation;

  /** Declares {@code attn}, {@code mlp} and {@code adaLN_modulation.1}. */
  public AdaptiveBlock(ParameterSet.Builder parameters, int width, int heads, int hidden) {
    attention = new Attention(parameters.under("attn"), width, heads);
    mlp = new Mlp(parameters.under("mlp"), width, hidden, Gelu.TANH);
    modulation =
        new Linear(
            parameters.under("adaLN_modulation").under("1"),
            width,
            CHUNKS * width,
            Initializer.constant(0));
  }

  /**
   * (B, N, C) to (B, N, C).
   *
   * @param condition (B, C), behind its SiLU
   */
  public Variable forward(Tape tape, Variable x, Variable condition) {
    Variable m = modulation.forward(tape, condition);
    Variable normed =
        ConditioningOperations.modulatedNorm(tape, x, m, SHIFT_ATTENTION, SCALE_ATTENTION, EPSILON);
    Variable attended = attention.forward(tape, normed, null);
    if (!attention.readsInput()) {
      tape.forget(normed);
    }
    Variable h = ConditioningOperations.gate(tape, x, attended, m, GATE_ATTENTION);
    Variable normedAgain =
        ConditioningOperations.modulatedNorm(tape, h, m, SHIFT_MLP, SCALE_MLP, EPSILON);
    Variable processed = mlp.forward(tape, normedAgain, null);
    if (!mlp.readsInput()) {
      tape.forget(normedAgain);
    }
    return ConditioningOperations.gate(tape, h, processed, m, GATE_MLP);
  }
}
