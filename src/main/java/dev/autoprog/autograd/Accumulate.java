package dev.autoprog.autograd;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.function.Function;

/** The sink of training: adds each gradient to the parameter's place in a flat buffer. */
public final class Accumulate implements GradientSink {
  private final Session session;
  private final Kernels kernels;
  private final Function<Variable, Tensor> gradients;

  /**
   * A sink that adds.
   *
   * @param gradients where the gradient of a trainable parameter is summed up, in its shape
   */
  public Accumulate(Session session, Function<Variable, Tensor> gradients) {
    this.session = session;
    this.kernels = session.kernels();
    this.gradients = gradients;
  }

  @Override
  public void linear(Variable weight, Variable bias, LinearShape shape, Tensor x, Tensor dy) {
    boolean biased = bias != null && bias.requiresGradient();
    if (weight.requiresGradient()) {
      Tensor dBias = biased ? gradients.apply(bias) : null;
      kernels.linearBackwardWeight(shape, x, dy, gradients.apply(weight), dBias);
    } else if (biased) {
      broadcast(bias, RowsShape.dense(shape.rows(), shape.out()), dy);
    }
  }

  @Override
  public void broadcast(Variable parameter, RowsShape shape, Tensor dy) {
    kernels.sumRows(shape, dy, gradients.apply(parameter));
  }

  @Override
  public void layerNorm(
      Variable gain,
      Variable bias,
      RowsShape shape,
      Tensor x,
      Tensor mean,
      Tensor rstd,
      Tensor dy) {
    norm(
        gain,
        bias,
        (dGain, dBias) ->
            kernels.layerNormBackwardParameters(shape, x, mean, rstd, dy, dGain, dBias));
  }

  @Override
  public void convolution(
      Variable weight, Variable bias, ConvolutionShape shape, Tensor x, Tensor dy) {
    boolean biased = bias != null && bias.requiresGradient();
    if (weight.requiresGradient()) {
      Tensor dBias = biased ? gradients.apply(bias) : null;
      kernels.convolutionBackwardWeight(shape, x, dy, gradients.apply(weight), dBias);
    } else if (biased) {
      broadcast(bias, RowsShape.dense(shape.unfolded().rows(), shape.out()), dy);
    }
  }

  @Override
  public void groupNorm(
      Variable gain,
      Variable bias,
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor mean,
      Tensor rstd,
      Tensor dy) {
    norm(
        gain,
        bias,
        (dGain, dBias) ->
            kernels.groupNormBackwardParameters(
                shape, silu, x, gain.value(), bias.value(), mean, rstd, dy, dGain, dBias));
  }

  /** Where the gradients of a norm's gain and bias are, which are computed together. */
  private interface Pair {
    /** Adds to both. */
    void add(Tensor dGain, Tensor dBias);
  }

  private void norm(Variable gain, Variable bias, Pair pair) {
    Tensor nowhere = null;
    if (!gain.requiresGradient() || !bias.requiresGradient()) {
      nowhere = zeros(gain.value().shape()); // a frozen one's is computed along with the other's
    }
    pair.add(
        gain.requiresGradient() ? gradients.apply(gain) : nowhere,
        bias.requiresGradient() ? gradients.apply(bias) : nowhere);
    if (nowhere != null) {
      session.arena().release(nowhere);
    }
  }

  @Override
  public void resizedPositions(
      Variable positions, PositionShape resize, RowsShape samples, Tensor dy) {
    Tensor sum = zeros(Shape.of(samples.columns()));
    kernels.sumRows(samples, dy, sum);
    kernels.resizePositionsBackward(resize, sum, gradients.apply(positions));
    session.arena().release(sum);
  }

  @Override
  public void embedding(Variable table, EmbeddingShape shape, Tensor indices, Tensor dy) {
    kernels.embeddingBackward(shape, indices, dy, gradients.apply(table));
  }

  private Tensor zeros(Shape shape) {
    Tensor tensor = session.arena().allocate(DType.FLOAT32, shape);
    kernels.fill(tensor, 0);
    return tensor;
  }
}
