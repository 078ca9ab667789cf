package dev.autoprog.autograd;

import dev.autoprog.kernel.ConcatenationShape;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.FeatureMapShape;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/**
 * What convolutional networks need beside {@link Operations}, on feature maps (B, H, W, C). Such a
 * map is a sequence of H·W tokens too: reshaped, attention and linear layers (convolutions of one
 * pixel) take it as it lies.
 */
public final class ConvolutionOperations {
  private ConvolutionOperations() {}

  /**
   * Convolution by a square kernel.
   *
   * @param x (B, H, W, in)
   * @param weight (out, in, k, k)
   * @param bias (out), or null for none
   * @param padding rows and columns of zeros on each side, fewer than k
   * @return (B, Ho, Wo, out), Ho = (H + 2·padding − k)/stride + 1
   */
  public static Variable convolution(
      Tape tape, Variable x, Variable weight, Variable bias, int stride, int padding) {
    Tensor input = x.value();
    Shape map = input.shape();
    Shape kernel = weight.operand().shape();
    ConvolutionShape shape =
        new ConvolutionShape(
            map.dim(0),
            map.dim(1),
            map.dim(2),
            map.dim(3),
            kernel.dim(0),
            kernel.dim(2),
            stride,
            padding);
    Tensor y =
        tape.allocate(
            input.dtype(), shape.batch(), shape.outHeight(), shape.outWidth(), shape.out());
    Kernels kernels = tape.kernels();
    kernels.convolutionForward(
        shape, input, weight.operand(), bias == null ? null : bias.value(), y);
    return tape.record(
        y,
        (dy, sink) -> {
          if (weight.requiresGradient() || bias != null && bias.requiresGradient()) {
            sink.convolution(weight, bias, shape, input, dy);
          }
          if (x.requiresGradient()) {
            Tensor dx = tape.allocateLike(input);
            kernels.convolutionBackwardInput(shape, dy, weight.operand(), dx);
            tape.accumulate(x, dx);
          }
        },
        x,
        weight,
        bias);
  }

  /**
   * Group norm over pixels and channels of each group.
   *
   * @param x (B, …, C)
   * @param gain (C)
   * @param bias (C)
   * @param groups how many; they divide C
   * @param silu whether SiLU follows
   * @return (B, …, C)
   */
  public static Variable groupNorm(
      Tape tape,
      Variable x,
      Variable gain,
      Variable bias,
      int groups,
      float epsilon,
      boolean silu) {
    Tensor input = x.value();
    long batch = input.shape().dim(0);
    long channels = input.shape().dim(-1);
    GroupShape shape =
        new GroupShape(batch, input.elements() / (batch * channels), channels, groups);
    Tensor y = tape.allocateLike(input);
    Tensor mean = tape.allocate(batch, groups);
    Tensor rstd = tape.allocate(batch, groups);
    Kernels kernels = tape.kernels();
    kernels.groupNormForward(
        shape, epsilon, silu, input, gain.value(), bias.value(), y, mean, rstd);
    return tape.record(
        y,
        (dy, sink) -> {
          if (gain.requiresGradient() || bias.requiresGradient()) {
            sink.groupNorm(gain, bias, shape, silu, input, mean, rstd, dy);
          }
          if (x.requiresGradient()) {
            Tensor base = tape.gradientSoFar(x);
            Tensor dx = tape.gradientTarget(x);
            kernels.groupNormBackward(
                shape, silu, input, gain.value(), bias.value(), mean, rstd, dy, base, dx);
            tape.replaceGradient(x, dx);
          }
        },
        x,
        gain,
        bias);
  }

  /** The same numbers as a tensor of other dimensions: of maps (B, H, W, C), tokens (B, H·W, C). */
  public static Variable reshape(Tape tape, Variable x, long... dims) {
    long[] before = x.value().shape().toArray();
    return tape.record(
        x.value().reshape(dims), (dy, sink) -> tape.accumulate(x, dy.reshape(before)), x);
  }

  /** The same numbers in FLOAT32: for what a loss reads. */
  public static Variable toFloats(Tape tape, Variable x) {
    Tensor input = x.value();
    if (input.dtype() == DType.FLOAT32) {
      return x;
    }
    Tensor y = tape.allocate(input.shape().toArray());
    Kernels kernels = tape.kernels();
    kernels.convert(input, y);
    return tape.record(
        y,
        (dy, sink) -> {
          Tensor dx = tape.allocateLike(input);
          kernels.convert(dy, dx);
          tape.accumulate(x, dx);
        },
        x);
  }

  /** Twice the height and width, each pixel four times: (B, H, W, C) to (B, 2H, 2W, C). */
  public static Variable upsample(Tape tape, Variable x) {
    Tensor input = x.value();
    Shape map = input.shape();
    FeatureMapShape shape = new FeatureMapShape(map.dim(0), map.dim(1), map.dim(2), map.dim(3));
    Tensor y =
        tape.allocate(
            input.dtype(), shape.batch(), 2 * shape.height(), 2 * shape.width(), shape.channels());
    Kernels kernels = tape.kernels();
    kernels.upsampleForward(shape, input, y);
    return tape.record(
        y,
        (dy, sink) -> {
          Tensor dx = tape.allocateLike(input);
          kernels.upsampleBackward(shape, dy, dx);
          tape.accumulate(x, dx);
        },
        x);
  }

  /**
   * Two maps, or sequences, side by side along the channels.
   *
   * @param a (…, Ca)
   * @param b (…, Cb), of the same other dimensions
   * @return (…, Ca + Cb)
   */
  public static Variable concatenate(Tape tape, Variable a, Variable b) {
    Tensor first = a.value();
    Tensor second = b.value();
    long columns = first.shape().dim(-1);
    ConcatenationShape shape =
        new ConcatenationShape(first.elements() / columns, columns, second.shape().dim(-1));
    long[] dims = first.shape().toArray();
    dims[dims.length - 1] = shape.columns();
    Tensor out = tape.allocate(first.dtype(), dims);
    Kernels kernels = tape.kernels();
    kernels.concatenate(shape, first, second, out);
    return tape.record(
        out,
        (dy, sink) -> {
          Tensor da = a.requiresGradient() ? tape.allocateLike(first) : null;
          Tensor db = b.requiresGradient() ? tape.allocateLike(second) : null;
          kernels.split(shape, dy, da, db);
          tape.accumulate(a, da);
          tape.accumulate(b, db);
        },
        a,
        b);
  }
}
