package dev.autoprog.metric;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterRows;
import dev.autoprog.nn.Trained;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * ZiCo of several batches' gradients: {@code Σ_l log Σ_w mean|g_w| / std(g_w)} over the weights of
 * the linear and convolution layers, mean and population standard deviation over the batches, as Li
 * et al. (2023) define it; large is trainable. Weights whose gradients are all equal do not count,
 * nor do layers of only such. Each batch's gradient is streamed into running statistics and
 * forgotten, one layer at a time; three numbers a weight are kept, in float32: deviations below
 * about 1e-19, whose squares are 0 there, count as none.
 *
 * <p>Another trainer hands its gradients over by name, once a batch: {@link #add}.
 */
public final class ZiCo implements GradientSink, AutoCloseable {
  private final Session session;
  private final Kernels kernels;
  private final Map<String, Statistics> weights = new LinkedHashMap<>();

  /** Nothing seen yet. */
  public ZiCo(Session session) {
    this.session = session;
    this.kernels = session.kernels();
  }

  private static final class Statistics {
    private final long elements;
    private final Tensor mean;
    private final Tensor magnitude;
    private final Tensor squares;
    private long seen; // elements, of all batches

    Statistics(Session session, long elements) {
      this.elements = elements;
      mean = session.allocate(DType.FLOAT32, Shape.of(elements));
      magnitude = session.allocate(DType.FLOAT32, Shape.of(elements));
      squares = session.allocate(DType.FLOAT32, Shape.of(elements));
    }

    void free(Session session) {
      List.of(mean, magnitude, squares).forEach(session::free);
    }
  }

  /**
   * What was found.
   *
   * @param total ZiCo
   * @param layers each layer's logarithm by its weight's name; those that do not count are left out
   */
  public record Score(double total, Map<String, Double> layers) {}

  /**
   * Takes in the gradient of the next batch.
   *
   * @param weight its name
   * @param gradient of the batch's loss, FLOAT32
   * @throws IllegalArgumentException if it is of another size than the one before
   */
  public void add(String weight, Tensor gradient) {
    add(weight, gradient.elements(), 0, gradient);
  }

  /**
   * Takes in a part of a weight's gradient, from the element {@code offset} on; one of each batch.
   */
  private void add(String weight, long elements, long offset, Tensor gradient) {
    Statistics s = weights.computeIfAbsent(weight, w -> new Statistics(session, elements));
    if (s.elements != elements) {
      throw new IllegalArgumentException(
          "%s: a gradient of %d elements, expected %d, as before"
              .formatted(weight, elements, s.elements));
    }
    long end = offset + gradient.elements();
    try {
      kernels.zicoUpdate(
          s.seen / s.elements + 1,
          gradient,
          s.mean.rows(offset, end),
          s.magnitude.rows(offset, end),
          s.squares.rows(offset, end));
    } catch (RuntimeException e) {
      if (s.seen == 0) {
        weights.remove(weight).free(session); // as if it had not been handed over
      }
      throw e;
    }
    s.seen += gradient.elements();
  }

  @Override
  public void linear(Variable weight, Variable bias, LinearShape shape, Tensor x, Tensor dy) {
    add(weight, gradient -> kernels.linearBackwardWeight(shape, x, dy, gradient, null));
  }

  @Override
  public void convolution(
      Variable weight, Variable bias, ConvolutionShape shape, Tensor x, Tensor dy) {
    add(weight, gradient -> kernels.convolutionBackwardWeight(shape, x, dy, gradient, null));
  }

  /** Takes in what {@code backward} adds to zeros, if the weight is trained. */
  private void add(Variable weight, Consumer<Tensor> backward) {
    if (!weight.requiresGradient()) {
      return;
    }
    if (!(weight instanceof Trained trained)) {
      throw new IllegalArgumentException(
          "A variable without a name; hand its gradient over by name instead");
    }
    Tensor gradient = session.arena().allocate(DType.FLOAT32, trained.shape());
    kernels.fill(gradient, 0);
    backward.accept(gradient);
    if (trained instanceof ParameterRows rows) { // parts of a layer are one
      Parameter whole = rows.whole();
      add(whole.name(), whole.shape().elements(), rows.offset(), gradient);
    } else { // layers that are computed as one are several
      ((Parameter) trained).stored(gradient).forEach(this::add);
    }
    session.arena().release(gradient);
  }

  /** Biases and tokens do not count. */
  @Override
  public void broadcast(Variable parameter, RowsShape shape, Tensor dy) {}

  /** Norms do not count. */
  @Override
  public void layerNorm(
      Variable gain,
      Variable bias,
      RowsShape shape,
      Tensor x,
      Tensor mean,
      Tensor rstd,
      Tensor dy) {}

  /** Norms do not count. */
  @Override
  public void groupNorm(
      Variable gain,
      Variable bias,
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor mean,
      Tensor rstd,
      Tensor dy) {}

  /** Positions do not count. */
  @Override
  public void resizedPositions(
      Variable positions, PositionShape resize, RowsShape samples, Tensor dy) {}

  /** Embeddings do not count. */
  @Override
  public void embedding(Variable table, EmbeddingShape shape, Tensor indices, Tensor dy) {}

  /**
   * ZiCo of the batches so far.
   *
   * @throws IllegalStateException if there is no weight, there were fewer than 2 batches, or not as
   *     many of each weight: one that is used twice in a pass is counted twice
   * @throws NonFiniteGradientException if a gradient is not finite
   */
  public Score score() {
    if (weights.isEmpty()) {
      throw new IllegalStateException("Nothing is trainable: no layer's weight has a gradient");
    }
    Map<String, Double> layers = new LinkedHashMap<>();
    double total = 0;
    Statistics first = weights.values().iterator().next();
    long batches = first.seen / first.elements;
    Tensor sum = session.allocate(DType.FLOAT64, Shape.of(1));
    try {
      for (Map.Entry<String, Statistics> entry : weights.entrySet()) {
        Statistics s = entry.getValue();
        if (batches < 2 || s.seen != batches * s.elements) {
          throw new IllegalStateException(
              entry.getKey()
                  + " has had "
                  + s.seen / s.elements
                  + " gradients, expected one of each batch, and 2 batches or more");
        }
        sum.set(0.0);
        kernels.zicoReduce(batches, s.magnitude, s.squares, sum);
        double ratios = sum.toDoubles()[0];
        if (!Double.isFinite(ratios)) {
          throw new NonFiniteGradientException("ZiCo", entry.getKey());
        }
        if (ratios > 0) {
          layers.put(entry.getKey(), Math.log(ratios));
          total += Math.log(ratios);
        }
      }
    } finally {
      session.free(sum);
    }
    return new Score(total, layers);
  }

  /** Gives its memory back, and forgets everything. */
  @Override
  public void close() {
    weights.values().forEach(statistics -> statistics.free(session));
    weights.clear();
  }
}
