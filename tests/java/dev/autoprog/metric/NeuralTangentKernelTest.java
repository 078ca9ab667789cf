package dev.autoprog.metric;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.metric.NtkGram.Method;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchNtk;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NeuralTangentKernelTest {
  private static final double BOUND = 1e-4;
  private static final double BFLOAT16_BOUND = 2e-2;
  private static final Predicate<Parameter> ALL = parameter -> true;

  /** A network, and the images that it reads. */
  private record Case(VitConfig config, int side, int samples) {}

  static Stream<Arguments> cases() {
    return Candidate.times(
        List.of(
            new Case(new VitConfig(8, 4, 1, 5, 16, 1, 2, 2), 8, 3),
            new Case(new VitConfig(28, 4, 1, 10, 24, 2, 3, 3), 16, 2),
            new Case(new VitConfig(12, 3, 3, 7, 32, 3, 2, 4), 12, 5)));
  }

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  /** A network with weights that matter everywhere, and images for it. */
  private static final class Probe implements AutoCloseable {
    final Session session;
    final VisionTransformer vit;
    final VitConfig config;
    final float[] images;
    final int side;
    final int samples;

    Probe(Candidate candidate, Case network, Precision precision) {
      session = candidate.open();
      config = network.config();
      side = network.side();
      samples = network.samples();
      vit = VisionTransformer.create(session, config, precision, 1);
      RandomData random = RandomData.of("ntk", network);
      images = random.gaussian((long) samples * sample());
      for (Parameter parameter : vit.parameters().all()) {
        parameter.value().set(random.uniform(parameter.value().elements(), -0.3, 0.3));
      }
      vit.parameters().valuesChanged();
    }

    int sample() {
      return config.channels() * side * side;
    }

    Tensor tensor(float[] values) {
      long count = values.length / sample();
      return session
          .allocate(DType.FLOAT32, Shape.of(count, config.channels(), side, side))
          .set(values);
    }

    NeuralTangentKernel measure(float[] values, Outputs outputs, Predicate<Parameter> trainable) {
      vit.parameters().all().forEach(p -> p.trainable(trainable.test(p)));
      session.arena().reset();
      return NeuralTangentKernel.of(session, vit::forward, tensor(values), outputs);
    }

    /** The Gram matrix of explicit gradients by every parameter, by libtorch in float64. */
    double[] expected(Outputs outputs) {
      int each = outputs == Outputs.EACH ? config.classes() : 1;
      return LibtorchNtk.theta(
          vit.parameters().placesIn(vit.parameters().values()),
          name -> true,
          samples * each,
          (weights, i) -> {
            var logits =
                new LibtorchVit(config, weights, LibtorchVit.WRITTEN_OUT)
                    .logits(Libtorch.constant(images, samples, config.channels(), side, side))
                    .select(0, i / each);
            return outputs == Outputs.EACH ? logits.select(0, i % each) : logits.sum();
          });
    }

    @Override
    public void close() {
      vit.close();
      session.close();
    }
  }

  private static float[] flat(double[][] matrix) {
    return narrow(Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray());
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void thetaIsTheGramOfLibtorchsGradients(Candidate candidate, Case network) {
    for (Outputs outputs : Outputs.values()) {
      try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
        Libtorch.scoped(
            () ->
                assertClose(
                    "theta of outputs " + outputs,
                    flat(probe.measure(probe.images, outputs, ALL).theta()),
                    probe.expected(outputs),
                    BOUND));
      }
    }
  }

  /** Against the float64 gradients: what bfloat16 costs a whole network. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void inBfloat16ThetaIsClose(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.BF16)) {
      Libtorch.scoped(
          () ->
              assertClose(
                  "theta",
                  flat(probe.measure(probe.images, Outputs.SUMMED, ALL).theta()),
                  probe.expected(Outputs.SUMMED),
                  BFLOAT16_BOUND));
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void thetaIsSymmetricPositiveAndAdditiveOverParameters(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      Predicate<Parameter> blocks = p -> p.name().startsWith("blocks.");
      NeuralTangentKernel whole = probe.measure(probe.images, Outputs.SUMMED, ALL);
      double[][] inside = probe.measure(probe.images, Outputs.SUMMED, blocks).theta();
      double[][] outside = probe.measure(probe.images, Outputs.SUMMED, blocks.negate()).theta();
      double[] sum = new double[whole.theta().length * whole.theta().length];
      for (int i = 0; i < sum.length; i++) {
        int row = i / inside.length;
        int column = i % inside.length;
        assertThat(whole.theta()[row][column]).isEqualTo(whole.theta()[column][row]);
        sum[i] = inside[row][column] + outside[row][column];
      }
      assertClose("inside + outside", flat(whole.theta()), sum, 1e-6);
      assertThat(whole.condition()).isNotInstanceOf(NtkCondition.NotPositive.class);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void permutedSamplesPermuteTheta(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      int n = probe.samples;
      int sample = probe.sample();
      float[] turned = new float[probe.images.length];
      for (int i = 0; i < n; i++) {
        System.arraycopy(probe.images, i * sample, turned, (i + 1) % n * sample, sample);
      }
      double[][] theta = probe.measure(probe.images, Outputs.SUMMED, ALL).theta();
      double[][] other = probe.measure(turned, Outputs.SUMMED, ALL).theta();
      double[] expected = new double[n * n];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          expected[(i + 1) % n * n + (j + 1) % n] = theta[i][j];
        }
      }
      assertClose("permuted", flat(other), expected, 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void theCheaperWayIsTakenAndShown(Candidate candidate) {
    Case network = new Case(new VitConfig(16, 4, 1, 10, 32, 2, 2, 2), 16, 2);
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      Map<String, Method> methods = new HashMap<>();
      var explanation = probe.measure(probe.images, Outputs.SUMMED, ALL).explanation();
      explanation.forEach(e -> methods.put(e.parameter(), e.method()));
      // the last block's queries are the class token's, its keys and values are all tokens'
      assertThat(methods)
          .hasSize(probe.vit.parameters().all().size() + 2)
          .containsEntry("blocks.1.attn.qkv.weight[0:32]", Method.CONTRACTED)
          .containsEntry("blocks.1.attn.qkv.weight[32:96]", Method.TILED)
          .containsEntry("head.weight", Method.CONTRACTED) // one token
          .containsEntry("blocks.0.mlp.fc1.weight", Method.TILED) // 17 tokens of width 32
          .containsEntry("blocks.1.mlp.fc1.weight", Method.CONTRACTED) // the class token
          .containsEntry("norm.weight", Method.ROWS)
          .containsEntry("pos_embed", Method.ROWS);
      explanation.forEach(
          e -> {
            if (e.method() != Method.ROWS) {
              assertThat(e.operations()).isLessThan(e.otherwise());
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void whatCannotBeMeasuredIsRefused(Candidate candidate) {
    Case network = new Case(new VitConfig(8, 4, 1, 5, 16, 1, 2, 2), 8, 3);
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      assertThatThrownBy(() -> probe.measure(Arrays.copyOf(probe.images, 64), Outputs.SUMMED, ALL))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 sample");
      assertThatThrownBy(() -> probe.measure(probe.images, Outputs.SUMMED, ALL.negate()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Nothing is trainable");

      Parameter head = probe.vit.parameters().named("head.bias");
      NeuralTangentKernel.Network coupling =
          (tape, images) -> {
            head.value().set(new float[] {1, 2, 3, 4, 100f * images.shape().dim(0)});
            return probe.vit.forward(tape, images);
          };
      Tensor images = probe.tensor(probe.images);
      assertThatThrownBy(
              () -> NeuralTangentKernel.of(probe.session, coupling, images, Outputs.SUMMED))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("couples samples");
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void gradientsThatAreNotFiniteAreNamed(Candidate candidate) {
    Case network = new Case(new VitConfig(8, 4, 1, 5, 16, 1, 2, 2), 8, 3);
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      Parameter gain = probe.vit.parameters().named("norm.weight");
      float[] values = gain.value().toFloats();
      values[3] = Float.POSITIVE_INFINITY;
      gain.value().set(values);
      assertThatThrownBy(() -> probe.measure(probe.images, Outputs.SUMMED, ALL))
          .isInstanceOf(NonFiniteGradientException.class)
          .hasMessageContaining("the gradient of head.weight is not finite");
    }
  }

  /** Every byte of the device that a measurement takes is given back. */
  @ParameterizedTest
  @MethodSource("candidates")
  void nothingIsKept(Candidate candidate) {
    Case network = new Case(new VitConfig(8, 4, 1, 5, 16, 1, 2, 2), 8, 3);
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      Tensor images = probe.tensor(probe.images);
      NeuralTangentKernel.of(probe.session, probe.vit::forward, images, Outputs.EACH);
      probe.session.arena().reset();
      long before = probe.session.allocatedBytes();
      NeuralTangentKernel.of(probe.session, probe.vit::forward, images, Outputs.EACH);
      assertThat(probe.session.allocatedBytes()).isEqualTo(before);
    }
  }

  @Test
  void aParameterThatIsUsedTwiceIsRefused() {
    try (Session session = Candidate.all().get(0).open();
        NtkGram gram = new NtkGram(session, 2)) {
      Tensor x = session.zeros(Shape.of(2, 3));
      var shape = new dev.autoprog.kernel.LinearShape(2, 3, 3);
      gram.linear("w", shape, x, x);
      assertThatThrownBy(() -> gram.linear("w", shape, x, x))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("w has been counted: it is used twice");
      Tape tape = Tape.recording(session);
      Variable nameless =
          new Variable() {
            @Override
            public Tensor value() {
              return x.reshape(2, 3);
            }

            @Override
            public boolean requiresGradient() {
              return true;
            }
          };
      Variable y = Operations.linear(tape, tape.constant(x), nameless, null, null, DType.FLOAT32);
      assertThatThrownBy(() -> tape.backward(y, y.value(), gram))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("without a name");
    }
  }
}
