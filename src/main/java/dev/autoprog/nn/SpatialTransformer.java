package dev.autoprog.nn;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.ConvolutionOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.tensor.Shape;

/**
 * Attention in a UNet (Rombach et al. 2022), as diffusers names it: the pixels of a map as tokens,
 * through a linear layer, a transformer block and another linear layer, added to the map. The block
 * is self attention, cross attention if there is a context, and an MLP with GEGLU.
 *
 * <p>The last layer begins at zero, as in the authors' code: fresh, it hands its input on.
 */
public final class SpatialTransformer {
  private static final float GROUP_EPSILON = 1e-6f;
  private static final float LAYER_EPSILON = 1e-5f;
  private static final int MLP_RATIO = 4;

  private final GroupNorm norm;
  private final Linear in;
  private final LayerNorm norm1;
  private final ContextAttention self;
  private final LayerNorm norm2;
  private final ContextAttention cross;
  private final LayerNorm norm3;
  private final Linear gated;
  private final Linear down;
  private final Linear out;

  /**
   * Declares {@code norm}, {@code proj_in}, {@code transformer_blocks.0} and {@code proj_out}.
   *
   * @param heads divide {@code channels} into heads of a multiple of 8 up to 160
   * @param contextWidth of the tokens of a context; 0 for none
   */
  public SpatialTransformer(
      ParameterSet.Builder parameters, int channels, int heads, int groups, int contextWidth) {
    norm = new GroupNorm(parameters.under("norm"), channels, groups, GROUP_EPSILON, false);
    Initializer glorot = Initializer.glorot(channels, channels);
    in = Linear.ofPixels(parameters.under("proj_in"), channels, channels, glorot);
    ParameterSet.Builder block = parameters.under("transformer_blocks").under("0");
    norm1 = new LayerNorm(block.under("norm1"), channels, LAYER_EPSILON);
    self = new ContextAttention(block.under("attn1"), channels, heads, 0);
    boolean told = contextWidth > 0;
    norm2 = told ? new LayerNorm(block.under("norm2"), channels, LAYER_EPSILON) : null;
    cross = told ? new ContextAttention(block.under("attn2"), channels, heads, contextWidth) : null;
    norm3 = new LayerNorm(block.under("norm3"), channels, LAYER_EPSILON);
    ParameterSet.Builder mlp = block.under("ff").under("net");
    int hidden = MLP_RATIO * channels;
    gated = new Linear(mlp.under("0").under("proj"), channels, 2 * hidden);
    down = new Linear(mlp.under("2"), hidden, channels);
    out =
        Linear.ofPixels(parameters.under("proj_out"), channels, channels, Initializer.constant(0));
  }

  /**
   * (B, H, W, C) to (B, H, W, C).
   *
   * @param context (B, M, its width); null if there is none
   */
  public Variable forward(Tape tape, Variable x, Variable context) {
    Shape map = x.value().shape();
    long pixels = map.dim(1) * map.dim(2);
    Variable tokens = ConvolutionOperations.reshape(tape, x, map.dim(0), pixels, map.dim(3));
    Variable h = in.forward(tape, norm.forward(tape, tokens));
    h = self.forward(tape, norm1.forward(tape, h), null, h);
    if (cross != null) {
      h = cross.forward(tape, norm2.forward(tape, h), context, h);
    }
    Variable hidden =
        ConditioningOperations.geglu(tape, gated.forward(tape, norm3.forward(tape, h)));
    h = down.forward(tape, hidden, h);
    return ConvolutionOperations.reshape(tape, out.forward(tape, h, tokens), map.toArray());
  }

  /** Multiply-adds of one map of this many pixels, with so many tokens of context. */
  public double multiplyAdds(double pixels, double contextTokens) {
    double told = cross == null ? 0 : cross.multiplyAdds(pixels, contextTokens);
    return in.multiplyAdds(pixels)
        + self.multiplyAdds(pixels, pixels)
        + told
        + gated.multiplyAdds(pixels)
        + down.multiplyAdds(pixels)
        + out.multiplyAdds(pixels);
  }
}
