package dev.autoprog.autograd;

import dev.autoprog.backend.Session;
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
    Tensor nowhere = null;
    if (!gain.requiresGradient() || !bias.requiresGradient()) {
      nowhere = zeros(gain.value().shape()); // a frozen one's is computed along with the other's
    }
    kernels.layerNormBackwardParameters(
        shape,
        x,
        mean,
        rstd,
        dy,
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

  private Tensor zeros(Shape shape) {
    Tensor tensor = session.arena().allocate(DType.FLOAT32, shape);
    kernels.fill(tensor, 0);
    return tensor;
  }
}
