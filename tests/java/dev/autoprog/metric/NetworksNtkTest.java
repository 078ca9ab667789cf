package dev.autoprog.metric;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.model.DiffusionTransformer;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.LibtorchDit;
import dev.autoprog.model.LibtorchUNet;
import dev.autoprog.model.LibtorchVit;
import dev.autoprog.model.UNet;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.nn.Linear;
import dev.autoprog.nn.Mlp;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchNtk;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The neural tangent kernel of whole networks other than a vision transformer ({@link
 * NeuralTangentKernelTest}), against libtorch's gradients of each sample in float64. Samples share
 * classes and stages, so that rows of tables are common to some.
 */
class NetworksNtkTest {
  private static final double BOUND = 1e-4;
  private static final double BFLOAT16_BOUND = 2e-2;
  private static final int SAMPLES = 4;
  private static final int SIDE = 8;
  private static final int CHANNELS = 3;
  private static final int PIXELS = CHANNELS * SIDE * SIDE;
  private static final int TOKENS = 4;
  private static final int CONTEXT = 8;
  private static final int[] IN_ORDER = {0, 1, 2, 3};
  private static final Predicate<Parameter> ALL = parameter -> true;

  /** What a network reads. */
  private record Inputs(
      float[] images, float[] timesteps, int[] labels, int[] stages, float[] context) {
    Inputs(RandomData random) {
      this(
          random.gaussian((long) SAMPLES * PIXELS),
          random.uniform(SAMPLES, 0, 999),
          new int[] {1, 2, 1, 0},
          new int[] {0, 1, 1, 0},
          random.gaussian((long) SAMPLES * TOKENS * CONTEXT));
    }

    /** The same samples, sample {@code order[i]} as the i'th. */
    Inputs inOrder(int... order) {
      return new Inputs(
          rows(images, order),
          rows(timesteps, order),
          IntStream.of(order).map(i -> labels[i]).toArray(),
          IntStream.of(order).map(i -> stages[i]).toArray(),
          rows(context, order));
    }

    private static float[] rows(float[] values, int... order) {
      int row = values.length / SAMPLES;
      float[] ordered = new float[values.length];
      for (int i = 0; i < SAMPLES; i++) {
        System.arraycopy(values, order[i] * row, ordered, i * row, row);
      }
      return ordered;
    }
  }

  /** A network of ours on a session. */
  private interface Network extends AutoCloseable {
    ParameterSet parameters();

    /**
     * Its answers.
     *
     * @param images (n, …), the first n of the inputs
     */
    Variable forward(Tape tape, Tensor images, Inputs in);

    @Override
    void close();
  }

  /** Two linear layers with a GELU between them, and a third. */
  private static final class Perceptron implements Network {
    private static final int HIDDEN = 40;
    private static final int OUTPUTS = 5;

    private final Precision precision;
    private final Mlp mlp;
    private final Linear head;
    private final ParameterSet parameters;

    Perceptron(Session session, Precision precision) {
      this.precision = precision;
      ParameterSet.Builder builder = new ParameterSet.Builder();
      mlp = new Mlp(builder.under("mlp"), PIXELS, HIDDEN, Gelu.ERF);
      head = new Linear(builder.under("head"), PIXELS, OUTPUTS);
      parameters = builder.allocate(session, precision);
    }

    @Override
    public ParameterSet parameters() {
      return parameters;
    }

    @Override
    public Variable forward(Tape tape, Tensor images, Inputs in) {
      Tensor x = tape.allocate(precision.activations(), images.shape().dim(0), PIXELS);
      tape.kernels().convert(images, x);
      return head.forwardToFloats(tape, mlp.forward(tape, tape.constant(x), null));
    }

    @Override
    public void close() {
      parameters.close();
    }

    static org.bytedeco.pytorch.Tensor expected(
        Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in) {
      var hidden = linear(Libtorch.constant(in.images, SAMPLES, PIXELS), weights, "mlp.fc1");
      return linear(linear(torch.gelu(hidden), weights, "mlp.fc2"), weights, "head");
    }

    private static org.bytedeco.pytorch.Tensor linear(
        org.bytedeco.pytorch.Tensor x,
        Map<String, org.bytedeco.pytorch.Tensor> weights,
        String name) {
      var bias = new TensorOptional(weights.get(name + ".bias"));
      return torch.linear(x, weights.get(name + ".weight"), bias);
    }
  }

  /** A diffusion model's network, and what it is told. */
  private record Denoiser(Session session, DenoisingNetwork network) implements Network {
    @Override
    public ParameterSet parameters() {
      return network.parameters();
    }

    @Override
    public Variable forward(Tape tape, Tensor images, Inputs in) {
      int n = (int) images.shape().dim(0);
      Tensor context =
          session
              .allocate(network.precision().activations(), Shape.of(SAMPLES, TOKENS, CONTEXT))
              .set(in.context);
      Conditions conditions =
          new Conditions(
              Arrays.copyOf(in.timesteps, n),
              Arrays.copyOf(in.labels, n),
              Arrays.copyOf(in.stages, n),
              context.rows(0, n));
      return network.forward(tape, images, conditions);
    }

    @Override
    public void close() {
      network.close();
    }
  }

  /** A network of ours, the same of libtorch. */
  private enum Case {
    MLP {
      @Override
      Network create(Session session, Precision precision) {
        return new Perceptron(session, precision);
      }

      @Override
      org.bytedeco.pytorch.Tensor expected(
          Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in) {
        return Perceptron.expected(weights, in);
      }
    },
    UNET {
      private final UNetConfig config =
          new UNetConfig(
              SIDE, CHANNELS, 3, 2, 16, List.of(1, 2), List.of(1), 1, 2, 4, CONTEXT, false);

      @Override
      Network create(Session session, Precision precision) {
        return new Denoiser(session, UNet.create(session, config, precision, 1));
      }

      @Override
      org.bytedeco.pytorch.Tensor expected(
          Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in) {
        return new LibtorchUNet(config, weights, LibtorchVit.WRITTEN_OUT)
            .forward(
                Libtorch.constant(in.images, SAMPLES, CHANNELS, SIDE, SIDE),
                Libtorch.constant(in.timesteps, SAMPLES),
                Libtorch.labels(in.labels),
                Libtorch.labels(in.stages),
                Libtorch.constant(in.context, SAMPLES, TOKENS, CONTEXT));
      }
    },
    DIT {
      private final DitConfig config = new DitConfig(SIDE, 2, CHANNELS, 3, 16, 2, 2, 2, false, 2);

      @Override
      Network create(Session session, Precision precision) {
        return new Denoiser(session, DiffusionTransformer.create(session, config, precision, 1));
      }

      @Override
      org.bytedeco.pytorch.Tensor expected(
          Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in) {
        return new LibtorchDit(config, weights, LibtorchVit.WRITTEN_OUT)
            .forward(
                Libtorch.constant(in.images, SAMPLES, CHANNELS, SIDE, SIDE),
                Libtorch.constant(in.timesteps, SAMPLES),
                Libtorch.labels(in.labels),
                Libtorch.labels(in.stages));
      }
    };

    abstract Network create(Session session, Precision precision);

    abstract org.bytedeco.pytorch.Tensor expected(
        Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in);
  }

  /** A network with weights that matter everywhere, and samples for it. */
  private static final class Probe implements AutoCloseable {
    final Session session;
    final Case which;
    final Network network;
    final List<Parameter> learned;
    final Inputs inputs;

    Probe(Candidate candidate, Case which, Precision precision) {
      session = candidate.open();
      this.which = which;
      network = which.create(session, precision);
      RandomData random = RandomData.of("networks' ntk", which.name());
      inputs = new Inputs(random);
      learned = network.parameters().all().stream().filter(p -> isLearned(p.name())).toList();
      for (Parameter p : learned) {
        double middle = p.name().matches(".*norm.*\\.weight") ? 1 : 0;
        p.value().set(random.uniform(p.value().elements(), middle - 0.3, middle + 0.3));
      }
      network.parameters().valuesChanged();
    }

    private static boolean isLearned(String name) {
      return !name.equals("pos_embed");
    }

    /** Θ of the network's answers, summed over a sample. */
    NeuralTangentKernel measure(Predicate<Parameter> trainable, int... order) {
      learned.forEach(p -> p.trainable(trainable.test(p)));
      session.arena().reset();
      Inputs in = inputs.inOrder(order);
      Tensor images =
          session.allocate(DType.FLOAT32, Shape.of(SAMPLES, CHANNELS, SIDE, SIDE)).set(in.images);
      return NeuralTangentKernel.of(
          session, (tape, x) -> network.forward(tape, x, in), images, Outputs.SUMMED);
    }

    void assertCloseToLibtorch(double bound) {
      float[] found = flat(measure(ALL, IN_ORDER).theta());
      ParameterSet parameters = network.parameters();
      Libtorch.scoped(
          () ->
              assertClose(
                  "theta",
                  found,
                  LibtorchNtk.theta(
                      parameters.placesIn(parameters.values()),
                      Probe::isLearned,
                      SAMPLES,
                      (weights, i) -> which.expected(weights, inputs).select(0, i).sum()),
                  bound));
    }

    @Override
    public void close() {
      network.close();
      session.close();
    }
  }

  static Stream<Arguments> cases() {
    return Candidate.times(List.of(Case.values()));
  }

  private static float[] flat(double[][] matrix) {
    return narrow(Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray());
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void thetaIsTheGramOfLibtorchsGradients(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      probe.assertCloseToLibtorch(BOUND);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void inBfloat16ThetaIsClose(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.BF16)) {
      probe.assertCloseToLibtorch(BFLOAT16_BOUND);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void thetaIsSymmetricPositiveAndAdditiveOverParameters(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      Predicate<Parameter> even = p -> probe.learned.indexOf(p) % 2 == 0;
      NeuralTangentKernel whole = probe.measure(ALL, IN_ORDER);
      double[][] some = probe.measure(even, IN_ORDER).theta();
      double[][] others = probe.measure(even.negate(), IN_ORDER).theta();
      double[] sum = new double[SAMPLES * SAMPLES];
      for (int i = 0; i < sum.length; i++) {
        int row = i / SAMPLES;
        int column = i % SAMPLES;
        assertThat(whole.theta()[row][column]).isEqualTo(whole.theta()[column][row]);
        sum[i] = some[row][column] + others[row][column];
      }
      assertClose("even + odd", flat(whole.theta()), sum, 1e-6);
      assertThat(whole.condition()).isNotInstanceOf(NtkCondition.NotPositive.class);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void permutedSamplesPermuteTheta(Candidate candidate, Case network) {
    try (Probe probe = new Probe(candidate, network, Precision.FP32)) {
      int[] order = {2, 0, 3, 1};
      double[][] theta = probe.measure(ALL, IN_ORDER).theta();
      double[][] other = probe.measure(ALL, order).theta();
      double[] expected = new double[SAMPLES * SAMPLES];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = theta[order[i / SAMPLES]][order[i % SAMPLES]];
      }
      assertClose("permuted", flat(other), expected, 1e-6);
    }
  }
}
