package dev.autoprog.metric;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.autograd.ConvolutionOperations;
import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.metric.NtkGram.Explanation;
import dev.autoprog.metric.NtkGram.Method;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchMaps;
import dev.autoprog.testing.LibtorchNtk;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The neural tangent kernel of a small UNet, against libtorch's gradients of each sample. */
class ConvolutionNtkTest {
  private static final double BOUND = 1e-4;
  private static final float EPSILON = 1e-5f;
  private static final int SAMPLES = 3;
  private static final int SIDE = 6;
  private static final int CLASSES = 5;

  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("in.weight", new long[] {8, 3, 3, 3});
    SHAPES.put("in.bias", new long[] {8});
    SHAPES.put("norm1.weight", new long[] {8});
    SHAPES.put("norm1.bias", new long[] {8});
    SHAPES.put("down.weight", new long[] {32, 8, 3, 3});
    SHAPES.put("down.bias", new long[] {32});
    SHAPES.put("norm2.weight", new long[] {32});
    SHAPES.put("norm2.bias", new long[] {32});
    SHAPES.put("up.weight", new long[] {4, 40, 3, 3});
    SHAPES.put("head.weight", new long[] {CLASSES, SIDE * SIDE * 4});
    SHAPES.put("head.bias", new long[] {CLASSES});
  }

  static Stream<Arguments> cases() {
    return Candidate.times(List.of(Outputs.values()));
  }

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  /** The network here. */
  private static Variable forward(Tape tape, Tensor images, ParameterSet p) {
    Variable in = convolution(tape, tape.constant(images), p, "in", 1);
    Variable skip = norm(tape, in, p, "norm1", 4);
    Variable down = convolution(tape, skip, p, "down", 2);
    Variable up = ConvolutionOperations.upsample(tape, norm(tape, down, p, "norm2", 4));
    Variable joined = ConvolutionOperations.concatenate(tape, up, skip);
    Variable out = convolution(tape, joined, p, "up", 1);
    Variable flat =
        ConvolutionOperations.reshape(tape, out, images.shape().dim(0), SIDE * SIDE * 4);
    return Operations.linear(
        tape, flat, p.named("head.weight"), p.named("head.bias"), null, DType.FLOAT32);
  }

  private static Variable convolution(
      Tape tape, Variable x, ParameterSet p, String name, int stride) {
    return ConvolutionOperations.convolution(
        tape, x, p.named(name + ".weight"), p.named(name + ".bias"), stride, 1);
  }

  private static Variable norm(Tape tape, Variable x, ParameterSet p, String name, int groups) {
    return ConvolutionOperations.groupNorm(
        tape, x, p.named(name + ".weight"), p.named(name + ".bias"), groups, EPSILON, true);
  }

  /** Θ by libtorch, of the network there. */
  private static double[] expected(float[] images, ParameterSet p, Outputs outputs) {
    int each = outputs == Outputs.EACH ? CLASSES : 1;
    return LibtorchNtk.theta(
        p.placesIn(p.values()),
        name -> true,
        SAMPLES * each,
        (w, i) -> {
          var logits = logits(Libtorch.constant(images, SAMPLES, SIDE, SIDE, 3), w);
          var own = logits.select(0, i / each);
          return outputs == Outputs.EACH ? own.select(0, i % each) : own.sum();
        });
  }

  private static org.bytedeco.pytorch.Tensor logits(
      org.bytedeco.pytorch.Tensor images, Map<String, org.bytedeco.pytorch.Tensor> w) {
    var in = LibtorchMaps.convolution(images, w.get("in.weight"), w.get("in.bias"), 1, 1);
    var skip = norm(in, w, "norm1", 4);
    var down = LibtorchMaps.convolution(skip, w.get("down.weight"), w.get("down.bias"), 2, 1);
    var up = LibtorchMaps.upsample(norm(down, w, "norm2", 4));
    var joined = torch.cat(new TensorVector(up, skip), 3);
    var out = LibtorchMaps.convolution(joined, w.get("up.weight"), null, 1, 1);
    return torch.linear(
        out.reshape(SAMPLES, SIDE * SIDE * 4),
        w.get("head.weight"),
        new TensorOptional(w.get("head.bias")));
  }

  private static org.bytedeco.pytorch.Tensor norm(
      org.bytedeco.pytorch.Tensor x,
      Map<String, org.bytedeco.pytorch.Tensor> w,
      String name,
      int groups) {
    return LibtorchMaps.groupNorm(
        x, w.get(name + ".weight"), w.get(name + ".bias"), groups, EPSILON, true);
  }

  /** The network with random weights, on a session. */
  private static final class Probe implements AutoCloseable {
    final Session session;
    final ParameterSet parameters;
    final float[] images;

    Probe(Candidate candidate) {
      session = candidate.open();
      ParameterSet.Builder builder = new ParameterSet.Builder();
      SHAPES.forEach((name, dims) -> builder.weight(name, Initializer.constant(0), dims));
      parameters = builder.allocate(session, Precision.FP32);
      RandomData data = RandomData.of("convolution ntk");
      images = data.gaussian(SAMPLES * SIDE * SIDE * 3);
      for (Parameter p : parameters.all()) {
        p.value().set(data.uniform(p.value().elements(), -0.5, 0.5));
      }
      parameters.valuesChanged();
    }

    NeuralTangentKernel measure(Outputs outputs, Predicate<Parameter> trainable) {
      parameters.all().forEach(p -> p.trainable(trainable.test(p)));
      session.arena().reset();
      Tensor inputs = session.allocate(DType.FLOAT32, Shape.of(SAMPLES, SIDE, SIDE, 3)).set(images);
      return NeuralTangentKernel.of(
          session, (tape, x) -> ConvolutionNtkTest.forward(tape, x, parameters), inputs, outputs);
    }

    @Override
    public void close() {
      parameters.close();
      session.close();
    }
  }

  private static float[] flat(double[][] matrix) {
    return narrow(Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void thetaIsTheGramOfLibtorchsGradients(Candidate candidate, Outputs outputs) {
    try (Probe probe = new Probe(candidate)) {
      Libtorch.scoped(
          () -> {
            double[][] theta = probe.measure(outputs, p -> true).theta();
            double[] expected = expected(probe.images, probe.parameters, outputs);
            assertClose("theta of outputs " + outputs, flat(theta), expected, BOUND);
          });
    }
  }

  /** Each parameter by itself: what is frozen has no part, and the parts add up. */
  @ParameterizedTest
  @MethodSource("candidates")
  void thetaIsTheSumOfItsParts(Candidate candidate) {
    try (Probe probe = new Probe(candidate)) {
      double[] sum = new double[SAMPLES * SAMPLES];
      for (String name : SHAPES.keySet()) {
        NeuralTangentKernel one = probe.measure(Outputs.SUMMED, p -> p.name().equals(name));
        assertThat(one.explanation()).extracting(Explanation::parameter).containsExactly(name);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += one.theta()[i / SAMPLES][i % SAMPLES];
        }
      }
      NeuralTangentKernel whole = probe.measure(Outputs.SUMMED, p -> true);
      assertClose("theta", flat(whole.theta()), sum, 1e-6);

      Map<String, Method> methods = new HashMap<>();
      whole.explanation().forEach(e -> methods.put(e.parameter(), e.method()));
      assertThat(methods)
          .containsEntry("in.weight", Method.ROWS) // 36 pixels of 8 channels, from 27
          .containsEntry("down.weight", Method.CONTRACTED) // 9 pixels of width 72
          .containsEntry("norm1.weight", Method.ROWS)
          .containsEntry("in.bias", Method.ROWS);
    }
  }
}
