package dev.autoprog.metric;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Segments;
import dev.autoprog.metric.NtkGram.Explanation;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The empirical neural tangent kernel of a network on some samples, by one forward and one backward
 * pass over all of them.
 *
 * @param theta Θ, symmetric: with {@link Outputs#SUMMED} (n, n); with {@link Outputs#EACH} (n·O,
 *     n·O), outputs of a sample side by side
 * @param condition of Θ
 * @param explanation how each parameter's part was found
 */
public record NeuralTangentKernel(
    double[][] theta, NtkCondition condition, List<Explanation> explanation) {
  /** How far an answer may be off when a sample is asked alone: rounding, in bfloat16 too. */
  private static final double ROUNDING = 0.05;

  /** Which gradients a sample has. */
  public enum Outputs {
    /** One, of the sum of its outputs: what AutoProg-Zero measures (Li et al. 2024). */
    SUMMED,
    /** One for each of its O outputs; as much work as O times as many samples. */
    EACH
  }

  /** What is asked. */
  @FunctionalInterface
  public interface Network {
    /**
     * The outputs.
     *
     * @param inputs (n, …)
     * @return FLOAT32 (n, …)
     */
    Variable forward(Tape tape, Tensor inputs);
  }

  /**
   * Measures. What it allocates on the way stays in the session's arena until the next reset.
   *
   * @param inputs FLOAT32 (n, …), n at least 2
   * @throws IllegalArgumentException if there are too few samples, or the network answers one of
   *     them differently when it is asked alone
   * @throws IllegalStateException if nothing is trainable
   * @throws NonFiniteGradientException if a gradient is not finite
   */
  public static NeuralTangentKernel of(
      Session session, Network network, Tensor inputs, Outputs outputs) {
    Tensor alone = network.forward(Tape.inference(session), inputs.rows(0, 1)).value();
    int each = outputs == Outputs.EACH ? Math.toIntExact(alone.elements()) : 1;
    int samples = Math.toIntExact(inputs.shape().dim(0));
    try (NtkGram gram = new NtkGram(session, samples * each)) {
      Tape tape = Tape.recording(session);
      Variable answer = network.forward(tape, each == 1 ? inputs : repeated(session, inputs, each));
      requireIndependent(alone.toFloats(), answer.value().rows(0, 1).toFloats());
      tape.backward(answer, seed(session, answer.value(), each), gram);
      double[][] theta = gram.matrix();
      return new NeuralTangentKernel(theta, NtkCondition.of(theta), gram.explain());
    }
  }

  /** Each sample {@code times} times in a row. */
  private static Tensor repeated(Session session, Tensor inputs, int times) {
    long[] dims = inputs.shape().toArray();
    long sample = inputs.elements() / dims[0];
    int copies = Math.toIntExact(dims[0] * times);
    dims[0] = copies;
    Tensor repeated = session.arena().allocate(inputs.dtype(), Shape.of(dims));
    long[] lengths = new long[copies];
    Arrays.fill(lengths, sample);
    Segments segments =
        new Segments(
            LongStream.range(0, copies).map(i -> i / times * sample).toArray(),
            LongStream.range(0, copies).map(i -> i * sample).toArray(),
            lengths);
    session.kernels().copySegments(segments, inputs, repeated);
    return repeated;
  }

  /**
   * 1 for every output; with {@code each} above 1, for the i mod {@code each}'th of row i alone.
   */
  private static Tensor seed(Session session, Tensor answer, int each) {
    Tensor seed = session.arena().allocate(DType.FLOAT32, answer.shape());
    session.kernels().fill(seed, each == 1 ? 1 : 0);
    if (each > 1) {
      for (long row = 0; row < answer.shape().dim(0); row++) {
        session.kernels().fill(seed.part(row * each + row % each, 1), 1);
      }
    }
    return seed;
  }

  private static void requireIndependent(float[] alone, float[] among) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < alone.length; i++) {
      difference += Math.pow(alone[i] - (double) among[i], 2);
      norm += Math.pow(alone[i], 2);
    }
    if (difference > ROUNDING * ROUNDING * norm) {
      throw new IllegalArgumentException(
          String.format(
              "the network answers a sample alone otherwise than among others (they differ by"
                  + " %.2g of it): something in it couples samples, such as batch statistics; let"
                  + " it use running ones",
              Math.sqrt(difference / norm)));
    }
  }
}
