package dev.autoprog.nn;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;

/**
 * A residual block of a diffusion UNet (Ho et al. 2020), as diffusers names it: norm, SiLU and
 * convolution, twice; between them the time embedding is added to every pixel. Where the number of
 * channels changes, the input passes a linear layer.
 *
 * <p>The second convolution begins at zero: a fresh block hands its input on, so that depth costs
 * no scale and early gradients reach every block (Ho et al. 2020; Dhariwal and Nichol 2021).
 */
public final class ResidualBlock {
  private static final float EPSILON = 1e-5f;

  private final GroupNorm norm1;
  private final Convolution conv1;
  private final Linear time;
  private final GroupNorm norm2;
  private final Convolution conv2;
  private final Linear shortcut;

  /**
   * Declares {@code norm1}, {@code conv1}, {@code time_emb_proj}, {@code norm2}, {@code conv2} and,
   * if {@code in} is not {@code out}, {@code conv_shortcut}.
   *
   * @param timeWidth of the time embedding
   * @param groups of the norms; they divide {@code in} and {@code out}
   */
  public ResidualBlock(
      ParameterSet.Builder parameters, int in, int out, int timeWidth, int groups) {
    norm1 = new GroupNorm(parameters.under("norm1"), in, groups, EPSILON, true);
    conv1 = new Convolution(parameters.under("conv1"), in, out);
    time = new Linear(parameters.under("time_emb_proj"), timeWidth, out);
    norm2 = new GroupNorm(parameters.under("norm2"), out, groups, EPSILON, true);
    conv2 = new Convolution(parameters.under("conv2"), out, out, 1, Initializer.constant(0));
    shortcut =
        in == out
            ? null
            : Linear.ofPixels(
                parameters.under("conv_shortcut"), in, out, Initializer.glorot(in, out));
  }

  /**
   * (B, H, W, in) to (B, H, W, out).
   *
   * @param timeEmbedding (B, its width), behind its SiLU
   */
  public Variable forward(Tape tape, Variable x, Variable timeEmbedding) {
    Variable h = convolved(tape, norm1.forward(tape, x), conv1);
    Variable timed = ConditioningOperations.addToTokens(tape, h, time.forward(tape, timeEmbedding));
    tape.forget(h); // a sum's rule reads nothing
    h = convolved(tape, norm2.forward(tape, timed), conv2);
    return shortcut == null ? Operations.residual(tape, x, h, null) : shortcut.forward(tape, x, h);
  }

  /** The last that is done with a norm's result. */
  private static Variable convolved(Tape tape, Variable normed, Convolution convolution) {
    Variable y = convolution.forward(tape, normed);
    if (!convolution.isTrained()) {
      tape.forget(normed);
    }
    return y;
  }

  /** Multiply-adds of one map of this many pixels. */
  public double multiplyAdds(double pixels) {
    double straight = shortcut == null ? 0 : shortcut.multiplyAdds(pixels);
    return conv1.multiplyAdds(pixels)
        + time.multiplyAdds(1)
        + conv2.multiplyAdds(pixels)
        + straight;
  }
}
