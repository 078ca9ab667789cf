package dev.autoprog.metric;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.kernel.JacobianShape;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.nn.Trained;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The Gram matrix of several samples' own gradients, {@code Θ_ij = ⟨J_i, J_j⟩}, where J_i is the
 * gradient of the backward pass's seed of sample i by all trainable parameters: the empirical
 * neural tangent kernel (Jacot et al. 2018) if the seed is 1 for each of a sample's outputs. One
 * forward and one backward pass give it for all samples. The gradients of large weights are never
 * there in full: what a layer's factors add is found by the cheaper of two exact ways, by counted
 * operations ({@link #explain}).
 *
 * <p>Each sample must have passed the network by itself: nothing may couple samples, such as batch
 * statistics do. A parameter may be used once in a pass; of one that is used twice, the two
 * gradients would have to be added first ({@link #gradients}).
 *
 * <p>Another trainer hands over its layers' factors by name: {@link #linear(String, LinearShape,
 * Tensor, Tensor)} on {@linkplain Session#wrap tensors over its memory}.
 */
public final class NtkGram implements GradientSink, AutoCloseable {
  private final Session session;
  private final Kernels kernels;
  private final int samples;
  private final GramParts parts;

  /**
   * Zero everywhere.
   *
   * @param samples n, of each pass; rows that a layer sees are ordered by sample
   * @throws IllegalArgumentException if there are fewer than 2
   */
  public NtkGram(Session session, int samples) {
    if (samples < 2) {
      throw new IllegalArgumentException(
          "a Gram matrix of " + samples + " sample says nothing, expected 2 or more");
    }
    this.session = session;
    this.kernels = session.kernels();
    this.samples = samples;
    this.parts = new GramParts(session, samples);
  }

  /** How a parameter's part is found. */
  public enum Method {
    /** By inner products of tokens. */
    CONTRACTED,
    /** By tiles of the samples' gradients. */
    TILED,
    /** By the samples' gradients in full; they are small. */
    ROWS
  }

  /**
   * What was done for a parameter.
   *
   * @param parameter its name
   * @param method how
   * @param operations that this took; a multiply-add is two
   * @param otherwise operations of the other way, NaN if there is none
   */
  public record Explanation(String parameter, Method method, double operations, double otherwise) {}

  /**
   * Adds what a linear layer's weight does.
   *
   * @param weight its name
   * @param x (rows, in), FLOAT32 or BFLOAT16, as many rows for each sample
   * @param dy (rows, out), of the same type
   */
  public void linear(String weight, LinearShape shape, Tensor x, Tensor dy) {
    JacobianShape s = JacobianShape.of(samples, shape);
    double contracted = s.contractedOperations();
    double tiled = s.tiledOperations();
    if (contracted < tiled) {
      parts.add(
          new Explanation(weight, Method.CONTRACTED, contracted, tiled),
          gram -> kernels.ntkGramContracted(s, x, dy, gram));
    } else {
      parts.add(
          new Explanation(weight, Method.TILED, tiled, contracted),
          gram -> kernels.ntkGramTiled(s, x, dy, gram));
    }
  }

  /**
   * Adds what a parameter does whose gradients are there in full.
   *
   * @param parameter its name
   * @param g (n, P): a sample's gradient in each row
   */
  public void gradients(String parameter, Tensor g) {
    double operations = (samples + 1.0) * g.elements();
    RowsShape rows = RowsShape.dense(samples, g.elements() / samples);
    parts.add(
        new Explanation(parameter, Method.ROWS, operations, Double.NaN),
        gram -> kernels.ntkGramRows(rows, g, gram));
  }

  @Override
  public void linear(Variable weight, Variable bias, LinearShape shape, Tensor x, Tensor dy) {
    if (weight.requiresGradient()) {
      linear(name(weight), shape, x, dy);
    }
    if (bias != null && bias.requiresGradient()) {
      broadcast(bias, RowsShape.dense(shape.rows(), shape.out()), dy);
    }
  }

  @Override
  public void broadcast(Variable parameter, RowsShape shape, Tensor dy) {
    RowsShape own = ofOneSample(shape);
    bySample(
        name(parameter),
        shape.columns(),
        (sample, g) -> kernels.sumRows(own, sampleOf(dy, shape, sample), g));
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
    RowsShape own = ofOneSample(shape);
    norm(
        gain,
        bias,
        (i, dGain, dBias) ->
            kernels.layerNormBackwardParameters(
                own,
                sampleOf(x, shape, i),
                mean.part(i * own.rows(), own.rows()),
                rstd.part(i * own.rows(), own.rows()),
                sampleOf(dy, shape, i),
                dGain,
                dBias));
  }

  @Override
  public void convolution(
      Variable weight, Variable bias, ConvolutionShape shape, Tensor x, Tensor dy) {
    LinearShape unfolded = shape.unfolded();
    if (weight.requiresGradient()) {
      JacobianShape s = JacobianShape.of(samples, unfolded);
      boolean tiled = s.tiledOperations() <= s.contractedOperations();
      if (tiled && s.out() <= s.tokens()) {
        convolutionByRows(name(weight), shape, s, x, dy);
      } else {
        convolutionUnfolded(name(weight), shape, x, dy);
      }
    }
    if (bias != null && bias.requiresGradient()) {
      broadcast(bias, RowsShape.dense(unfolded.rows(), unfolded.out()), dy);
    }
  }

  /** The samples' gradients in full: as much work as tiles of them, and here less memory. */
  private void convolutionByRows(
      String weight, ConvolutionShape shape, JacobianShape s, Tensor x, Tensor dy) {
    ConvolutionShape own = shape.ofBatch(shape.batch() / samples);
    RowsShape inputs = RowsShape.dense(shape.batch(), x.elements() / shape.batch());
    RowsShape outputs = RowsShape.dense(shape.batch(), dy.elements() / shape.batch());
    Tensor g = zeros(samples, s.in() * s.out());
    for (int i = 0; i < samples; i++) {
      kernels.convolutionBackwardWeight(
          own, sampleOf(x, inputs, i), sampleOf(dy, outputs, i), g.rows(i, i + 1), null);
    }
    Explanation explanation =
        new Explanation(weight, Method.ROWS, s.tiledOperations(), s.contractedOperations());
    RowsShape rows = RowsShape.dense(samples, s.in() * s.out());
    parts.add(explanation, gram -> kernels.ntkGramRows(rows, g, gram));
    release(g);
  }

  /** It is a linear layer on the unfolded input. */
  private void convolutionUnfolded(String weight, ConvolutionShape shape, Tensor x, Tensor dy) {
    LinearShape unfolded = shape.unfolded();
    Tensor patches = session.arena().allocate(x.dtype(), Shape.of(unfolded.rows(), unfolded.in()));
    kernels.unfold(shape, x, patches);
    linear(weight, unfolded, patches, dy);
    release(patches);
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
    RowsShape maps = RowsShape.dense(shape.batch(), shape.pixels() * shape.channels());
    RowsShape groups = RowsShape.dense(shape.batch(), shape.groups());
    GroupShape own =
        new GroupShape(ofOneSample(maps).rows(), shape.pixels(), shape.channels(), shape.groups());
    norm(
        gain,
        bias,
        (i, dGain, dBias) ->
            kernels.groupNormBackwardParameters(
                own,
                silu,
                sampleOf(x, maps, i),
                gain.value(),
                bias.value(),
                sampleOf(mean, groups, i),
                sampleOf(rstd, groups, i),
                sampleOf(dy, maps, i),
                dGain,
                dBias));
  }

  private interface NormGradients {
    /** Adds sample {@code sample}'s gradients. */
    void add(int sample, Tensor dGain, Tensor dBias);
  }

  /** A norm's gain and bias, whose gradients are computed together. */
  private void norm(Variable gain, Variable bias, NormGradients gradients) {
    long width = gain.value().elements();
    Tensor gains = zeros(samples, width);
    Tensor biases = zeros(samples, width);
    for (int i = 0; i < samples; i++) {
      gradients.add(i, gains.rows(i, i + 1), biases.rows(i, i + 1));
    }
    if (gain.requiresGradient()) {
      gradients(name(gain), gains);
    }
    if (bias.requiresGradient()) {
      gradients(name(bias), biases);
    }
    release(gains, biases);
  }

  @Override
  public void resizedPositions(
      Variable positions, PositionShape resize, RowsShape shape, Tensor dy) {
    RowsShape own = ofOneSample(shape);
    Tensor sum = zeros(1, shape.columns());
    bySample(
        name(positions),
        positions.value().elements(),
        (sample, g) -> {
          kernels.fill(sum, 0);
          kernels.sumRows(own, sampleOf(dy, shape, sample), sum);
          kernels.resizePositionsBackward(resize, sum, g);
        });
    release(sum);
  }

  /** A look-up is a linear layer whose input is 1 at the index: here, among those that occur. */
  @Override
  public void embedding(Variable table, EmbeddingShape shape, Tensor indices, Tensor dy) {
    int[] rows = indices.toInts();
    int[] distinct = IntStream.of(rows).distinct().toArray();
    float[] oneHot = new float[rows.length * distinct.length];
    for (int i = 0; i < rows.length; i++) {
      for (int k = 0; k < distinct.length; k++) {
        oneHot[i * distinct.length + k] = rows[i] == distinct[k] ? 1 : 0;
      }
    }
    Tensor x =
        session.arena().allocate(dy.dtype(), Shape.of(rows.length, distinct.length)).set(oneHot);
    linear(name(table), new LinearShape(rows.length, distinct.length, shape.width()), x, dy);
    release(x);
  }

  private interface Gradient {
    /** Adds sample {@code sample}'s gradient to {@code g}. */
    void add(int sample, Tensor g);
  }

  private void bySample(String parameter, long elements, Gradient gradient) {
    Tensor g = zeros(samples, elements);
    for (int i = 0; i < samples; i++) {
      gradient.add(i, g.rows(i, i + 1));
    }
    gradients(parameter, g);
    release(g);
  }

  private RowsShape ofOneSample(RowsShape shape) {
    if (shape.rows() % samples != 0) {
      throw new IllegalArgumentException(
          shape.rows() + " rows cannot be those of " + samples + " samples, as many of each");
    }
    return new RowsShape(shape.rows() / samples, shape.columns(), shape.stride());
  }

  private Tensor sampleOf(Tensor rows, RowsShape shape, int sample) {
    RowsShape own = ofOneSample(shape);
    long length = (own.rows() - 1) * own.stride() + own.columns();
    return rows.part(sample * own.rows() * own.stride(), length);
  }

  private Tensor zeros(long... dims) {
    Tensor tensor = session.arena().allocate(DType.FLOAT32, Shape.of(dims));
    kernels.fill(tensor, 0);
    return tensor;
  }

  private void release(Tensor... tensors) {
    for (Tensor tensor : tensors) {
      session.arena().release(tensor);
    }
  }

  private static String name(Variable variable) {
    if (variable instanceof Trained trained) {
      return trained.name();
    }
    throw new IllegalArgumentException(
        "A variable without a name; hand its factors over by name instead");
  }

  /**
   * Θ, of all parameters.
   *
   * @throws IllegalStateException if nothing was trainable
   * @throws NonFiniteGradientException if a gradient is not finite
   */
  public double[][] matrix() {
    return parts.sum();
  }

  /**
   * The part of Θ that one parameter is answerable for.
   *
   * @throws IllegalArgumentException if it has none
   * @throws NonFiniteGradientException if its gradient is not finite
   */
  public double[][] matrix(String parameter) {
    return parts.of(parameter);
  }

  /** What was done for each parameter, in the order of the backward pass. */
  public List<Explanation> explain() {
    return parts.explain();
  }

  /** Forgets everything, for another pass. */
  public void clear() {
    parts.clear();
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    parts.close();
  }
}
