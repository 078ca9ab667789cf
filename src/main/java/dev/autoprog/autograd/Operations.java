package dev.autoprog.autograd;

import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.kernel.CrossAttentionShape;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.ModulationShape;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.kernel.TokenShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/**
 * What a forward pass can do: each operation computes its result and leaves its backward rule on
 * the tape. Parameters ({@code weight}, {@code bias} …) are variables that are no operation's
 * result; their gradients go to the sink.
 */
public final class Operations {
  private Operations() {}

  /**
   * {@code y = base + x Wᵀ + b} on the last dimension.
   *
   * @param x (…, in)
   * @param weight (out, …), {@code in} elements per output
   * @param bias (out), or null for none
   * @param base (…, out): a residual, or null for none
   * @param type of {@code y}: that of {@code x}, or FLOAT32
   * @return (…, out)
   */
  public static Variable linear(
      Tape tape, Variable x, Variable weight, Variable bias, Variable base, DType type) {
    Product product = new Product(x, weight, bias);
    Tensor y = tape.allocate(type, product.outputDims());
    product.forward(tape, base, y);
    return tape.record(
        y,
        (dy, sink) -> {
          Tensor factor = dy;
          if (type != x.value().dtype()) {
            factor = tape.allocate(x.value().dtype(), product.outputDims());
            tape.kernels().convert(dy, factor);
          }
          if (base != null) {
            tape.accumulate(base, factor);
          }
          product.backward(tape, factor, sink);
        },
        x,
        weight,
        bias,
        base);
  }

  private static Tensor valueOrNull(Variable variable) {
    return variable == null ? null : variable.value();
  }

  /**
   * Layer norm over the last dimension.
   *
   * @param x (…, C)
   * @param gain (C)
   * @param bias (C)
   * @return (…, C)
   */
  public static Variable layerNorm(
      Tape tape, Variable x, Variable gain, Variable bias, float epsilon) {
    Tensor input = x.value();
    RowsShape shape = lastDimension(input);
    Tensor y = tape.allocateLike(input);
    Tensor mean = tape.allocate(shape.rows());
    Tensor rstd = tape.allocate(shape.rows());
    Kernels kernels = tape.kernels();
    kernels.layerNormForward(shape, epsilon, input, gain.value(), bias.value(), y, mean, rstd);
    return tape.record(
        y,
        (dy, sink) -> {
          if (gain.requiresGradient() || bias.requiresGradient()) {
            sink.layerNorm(gain, bias, shape, input, mean, rstd, dy);
          }
          if (x.requiresGradient()) {
            Tensor base = tape.gradientSoFar(x);
            Tensor dx = tape.gradientTarget(x);
            kernels.layerNormBackward(shape, input, gain.value(), mean, rstd, dy, base, dx);
            tape.replaceGradient(x, dx);
          }
        },
        x,
        gain,
        bias);
  }

  /**
   * Multi-head self attention.
   *
   * @param qkv (B, N, 3·H·D): queries, keys and values, each by head
   * @return (B, N, H·D)
   */
  public static Variable attention(Tape tape, Variable qkv, int heads) {
    Tensor input = qkv.value();
    long batch = input.shape().dim(0);
    long tokens = input.shape().dim(1);
    long width = input.shape().dim(2) / 3;
    AttentionShape shape = new AttentionShape(batch, tokens, heads, width / heads);
    Tensor out = tape.allocate(input.dtype(), batch, tokens, width);
    Tensor logSumExp = tape.allocate(batch, heads, tokens);
    Kernels kernels = tape.kernels();
    kernels.attentionForward(shape, input, out, logSumExp);
    return tape.record(
        out,
        (dy, sink) -> {
          Tensor dQkv = tape.allocateLike(input);
          kernels.attentionBackward(shape, input, out, logSumExp, dy, dQkv);
          tape.accumulate(qkv, dQkv);
        },
        qkv);
  }

  /**
   * Multi-head cross attention: tokens ask others, such as those of a text.
   *
   * @param q (B, N, H·D), or (B, H·D) for one of each sample: queries by head
   * @param kv (B, M, 2·H·D): keys and values, each by head
   * @return of the shape of {@code q}
   */
  public static Variable crossAttention(Tape tape, Variable q, Variable kv, int heads) {
    Tensor asking = q.value();
    Tensor asked = kv.value();
    long batch = asking.shape().dim(0);
    long width = asking.shape().dim(-1);
    long queries = asking.elements() / (batch * width);
    CrossAttentionShape shape =
        new CrossAttentionShape(batch, queries, asked.shape().dim(1), heads, width / heads);
    Tensor out = tape.allocateLike(asking);
    Tensor logSumExp = tape.allocate(batch, heads, queries);
    Kernels kernels = tape.kernels();
    kernels.crossAttentionForward(shape, asking, asked, out, logSumExp);
    return tape.record(
        out,
        (dy, sink) -> {
          Tensor dQ = tape.allocateLike(asking);
          Tensor dKv = tape.allocateLike(asked);
          kernels.crossAttentionBackward(shape, asking, asked, out, logSumExp, dy, dQ, dKv);
          tape.accumulate(q, dQ);
          tape.accumulate(kv, dKv);
        },
        q,
        kv);
  }

  /**
   * {@code base + gelu(x W₁ᵀ + b₁) W₂ᵀ + b₂} on the last dimension. One operation, so that the
   * activation and its derivative are part of the products beside them.
   *
   * @param x (…, in)
   * @param weight1 (hidden, in)
   * @param bias1 (hidden)
   * @param weight2 (out, hidden)
   * @param bias2 (out)
   * @param base (…, out): a residual, or null for none
   * @return (…, out), of the type of {@code x}
   */
  public static Variable mlp(
      Tape tape,
      Gelu gelu,
      Variable x,
      Variable weight1,
      Variable bias1,
      Variable weight2,
      Variable bias2,
      Variable base) {
    Kernels kernels = tape.kernels();
    Product up = new Product(x, weight1, bias1);
    Tensor h = tape.allocate(x.value().dtype(), up.outputDims());
    boolean inner = x.requiresGradient() || weight1.requiresGradient() || bias1.requiresGradient();
    Tensor slope = tape.isRecording() && inner ? tape.allocateLike(h) : null;
    kernels.linearGeluForward(
        up.shape(), gelu, x.value(), weight1.operand(), bias1.value(), h, slope);
    Variable hidden = tape.input(h, inner);
    Product down = new Product(hidden, weight2, bias2);
    Tensor y = tape.allocate(h.dtype(), down.outputDims());
    down.forward(tape, base, y);
    if (!tape.isRecording() || !down.isTrained()) {
      tape.forget(h);
    }
    return tape.record(
        y,
        (dy, sink) -> {
          if (base != null) {
            tape.accumulate(base, dy);
          }
          down.toSink(dy, sink);
          if (inner) {
            Tensor dh = tape.allocateLike(h);
            kernels.linearBackwardInput(down.shape(), dy, weight2.operand(), slope, dh);
            up.backward(tape, dh, sink);
          }
        },
        x,
        weight1,
        bias1,
        weight2,
        bias2,
        base);
  }

  /**
   * {@code x + scale·branch}, with a factor per sample.
   *
   * @param x (B, …)
   * @param branch (B, …)
   * @param scale (B), or null for 1 everywhere
   */
  public static Variable residual(Tape tape, Variable x, Variable branch, Tensor scale) {
    Tensor input = x.value();
    long batch = input.shape().dim(0);
    RowsShape shape = RowsShape.dense(batch, input.elements() / batch);
    Tensor y = tape.allocateLike(input);
    Kernels kernels = tape.kernels();
    kernels.residualForward(shape, input, branch.value(), scale, y);
    return tape.record(
        y,
        (dy, sink) -> {
          tape.accumulate(x, dy);
          if (branch.requiresGradient()) {
            Tensor dBranch = dy;
            if (scale != null) {
              dBranch = tape.allocateLike(input);
              kernels.residualBackward(shape, dy, scale, dBranch);
            }
            tape.accumulate(branch, dBranch);
          }
        },
        x,
        branch);
  }

  /**
   * {@code [classToken; patches] + positions}, the positions resized where the grid differs.
   *
   * @param patches (B, grid², C)
   * @param classToken C elements
   * @param positions (1, 1 + stored², C)
   * @param stored side of the grid that {@code positions} hold
   * @param grid side of the grid of {@code patches}
   * @return (B, 1 + grid², C)
   */
  public static Variable assembleTokens(
      Tape tape, Variable patches, Variable classToken, Variable positions, int stored, int grid) {
    Tensor input = patches.value();
    long batch = input.shape().dim(0);
    long width = input.shape().dim(2);
    TokenShape shape = new TokenShape(batch, 1 + (long) grid * grid, width);
    PositionShape resize = new PositionShape(stored, grid, width);
    Kernels kernels = tape.kernels();
    Tensor resized = positions.value();
    if (stored != grid) {
      resized = tape.allocate(shape.tokens(), width);
      kernels.resizePositions(resize, positions.value(), resized);
    }
    Tensor out = tape.allocate(input.dtype(), batch, shape.tokens(), width);
    kernels.assembleTokens(shape, input, classToken.value(), resized, out);
    return tape.record(
        out,
        (dy, sink) -> {
          long sample = shape.tokens() * width;
          if (classToken.requiresGradient()) {
            sink.broadcast(classToken, new RowsShape(batch, width, sample), dy);
          }
          if (positions.requiresGradient()) {
            RowsShape samples = RowsShape.dense(batch, sample);
            if (stored == grid) {
              sink.broadcast(positions, samples, dy);
            } else {
              sink.resizedPositions(positions, resize, samples, dy);
            }
          }
          if (patches.requiresGradient()) {
            Tensor dPatches = tape.allocateLike(input);
            kernels.assembleTokensBackward(shape, dy, dPatches);
            tape.accumulate(patches, dPatches);
          }
        },
        patches,
        classToken,
        positions);
  }

  /** The class token of each sample: (B, N, C) to (B, C). */
  public static Variable selectClassToken(Tape tape, Variable x) {
    Tensor input = x.value();
    TokenShape shape =
        new TokenShape(input.shape().dim(0), input.shape().dim(1), input.shape().dim(2));
    Tensor y = tape.allocate(input.dtype(), shape.batch(), shape.width());
    Kernels kernels = tape.kernels();
    kernels.selectClassToken(shape, input, y);
    return tape.record(
        y,
        (dy, sink) -> {
          Tensor dx = tape.allocateLike(input);
          kernels.selectClassTokenBackward(shape, dy, dx);
          tape.accumulate(x, dx);
        },
        x);
  }

  /**
   * {@code x[b] + constant} for each sample.
   *
   * @param x (B, …)
   * @param constant of the type of x, as many elements as a sample has
   */
  public static Variable addToSamples(Tape tape, Variable x, Tensor constant) {
    Tensor input = x.value();
    ModulationShape shape = new ModulationShape(1, input.shape().dim(0), constant.elements(), 1);
    Tensor y = tape.allocateLike(input);
    tape.kernels().addToTokens(shape, input, constant, y);
    return tape.record(y, (dy, sink) -> tape.accumulate(x, dy), x);
  }

  /**
   * Images of what was made of their patches.
   *
   * @param tokens FLOAT32 (B, G², patch²·channels)
   * @return FLOAT32 (B, channels, G·patch, G·patch)
   */
  public static Variable unpatchify(Tape tape, Variable tokens, int channels, int patch) {
    Tensor input = tokens.value();
    long batch = input.shape().dim(0);
    long side = Math.round(Math.sqrt(input.shape().dim(1))) * patch;
    PatchShape shape = new PatchShape(batch, channels, side, patch);
    Tensor images = tape.allocate(batch, channels, side, side);
    Kernels kernels = tape.kernels();
    kernels.unpatchify(shape, input, images);
    return tape.record(
        images,
        (dy, sink) -> {
          Tensor dTokens = tape.allocateLike(input);
          kernels.unpatchifyBackward(shape, dy, dTokens);
          tape.accumulate(tokens, dTokens);
        },
        tokens);
  }

  /** {@code x Wᵀ + b} on the last dimension, and what a gradient by it comes to; b may be null. */
  private record Product(Variable x, Variable weight, Variable bias) {
    LinearShape shape() {
      long out = weight.operand().shape().dim(0);
      long in = weight.operand().elements() / out;
      return new LinearShape(x.value().elements() / in, in, out);
    }

    long[] outputDims() {
      long[] dims = x.value().shape().toArray();
      dims[dims.length - 1] = shape().out();
      return dims;
    }

    void forward(Tape tape, Variable base, Tensor y) {
      tape.kernels()
          .linearForward(
              shape(), x.value(), weight.operand(), valueOrNull(bias), valueOrNull(base), y);
    }

    /** Hands the gradient {@code dy}, of the type of x, on to input, weight and bias. */
    void backward(Tape tape, Tensor dy, GradientSink sink) {
      toSink(dy, sink);
      if (x.requiresGradient()) {
        Tensor dx = tape.allocateLike(x.value());
        tape.kernels().linearBackwardInput(shape(), dy, weight.operand(), null, dx);
        tape.accumulate(x, dx);
      }
    }

    boolean isTrained() {
      return weight.requiresGradient() || bias != null && bias.requiresGradient();
    }

    void toSink(Tensor dy, GradientSink sink) {
      if (isTrained()) {
        sink.linear(weight, bias, shape(), x.value(), dy);
      }
    }
  }

  private static RowsShape lastDimension(Tensor x) {
    long columns = x.shape().dim(-1);
    return RowsShape.dense(x.elements() / columns, columns);
  }
}
