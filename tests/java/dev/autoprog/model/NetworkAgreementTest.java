package dev.autoprog.model;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.metric.NeuralTangentKernel;
import dev.autoprog.metric.NeuralTangentKernel.Outputs;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole networks on every backend against the reference backend: what they answer, every gradient,
 * and their neural tangent kernel. Other tests ask libtorch the same; these run where there is
 * none, such as on a machine with a GPU.
 */
class NetworkAgreementTest {
  private static final double BOUND = 1e-4;

  /** Of the answer, the whole gradient and the kernel, against the reference in float32. */
  private static final double BFLOAT16_BOUND = 5e-2;

  private static final int BATCH = 3;
  private static final int SIDE = 8;
  private static final int CHANNELS = 3;
  private static final int TOKENS = 4;
  private static final int CONTEXT = 8;
  private static final int[] LABELS = {1, 2, 1};
  private static final int[] STAGES = {0, 1, 1};

  /** What is asked of a backend. */
  private enum Case {
    VIT {
      @Override
      Found found(Session session, Precision precision) {
        VitConfig config = new VitConfig(SIDE, 2, CHANNELS, 5, 32, 2, 2, 2);
        try (VisionTransformer vit = VisionTransformer.create(session, config, precision, 1)) {
          return foundOf(session, vit.parameters(), vit::forward);
        }
      }
    },
    DIT {
      @Override
      Found found(Session session, Precision precision) {
        return ofDenoising(
            session, precision, new DitConfig(SIDE, 2, CHANNELS, 3, 32, 2, 2, 2, true, 2));
      }
    },
    UNET {
      @Override
      Found found(Session session, Precision precision) {
        return ofDenoising(
            session,
            precision,
            new UNetConfig(
                SIDE, CHANNELS, 3, 2, 16, List.of(1, 2), List.of(1), 1, 2, 4, CONTEXT, false));
      }
    };

    abstract Found found(Session session, Precision precision);

    private static Found ofDenoising(Session session, Precision precision, DenoisingConfig config) {
      float[] timesteps = RandomData.of("timesteps").uniform(BATCH, 0, 999);
      Tensor context =
          config instanceof UNetConfig
              ? session
                  .allocate(precision.activations(), Shape.of(BATCH, TOKENS, CONTEXT))
                  .set(RandomData.of("context").gaussian(BATCH * TOKENS * CONTEXT))
              : null;
      try (DenoisingNetwork network = config.create(session, precision, 1)) {
        return foundOf(
            session,
            network.parameters(),
            (tape, images) -> {
              int batch = (int) images.shape().dim(0); // 1 or all: the first ones in either case
              return network.forward(
                  tape,
                  images,
                  new Conditions(
                      Arrays.copyOf(timesteps, batch),
                      Arrays.copyOf(LABELS, batch),
                      Arrays.copyOf(STAGES, batch),
                      context == null ? null : context.rows(0, batch)));
            });
      }
    }

    private static Found foundOf(
        Session session, ParameterSet parameters, NeuralTangentKernel.Network network) {
      fill(parameters);
      Shape shape = Shape.of(BATCH, CHANNELS, SIDE, SIDE);
      Tensor images =
          session
              .allocate(DType.FLOAT32, shape)
              .set(RandomData.of("images").gaussian(shape.elements()));
      Tape tape = Tape.recording(session);
      Variable answer = network.forward(tape, images);
      Tensor seed = tape.allocateLike(answer.value());
      seed.set(RandomData.of("seed").gaussian(seed.elements()));
      float[] output = answer.value().toFloats();
      tape.backward(answer, seed, parameters.accumulator());
      Map<String, float[]> gradients = new LinkedHashMap<>();
      for (Parameter p : parameters.all()) {
        if (p.requiresGradient()) {
          gradients.put(p.name(), p.gradient().toFloats());
        }
      }
      session.arena().reset();
      double[][] theta = NeuralTangentKernel.of(session, network, images, Outputs.SUMMED).theta();
      return new Found(
          output, gradients, Arrays.stream(theta).flatMapToDouble(Arrays::stream).toArray());
    }

    private static void fill(ParameterSet parameters) {
      RandomData random = RandomData.of("weights");
      for (Parameter p : parameters.all()) {
        if (p.requiresGradient()) {
          double middle = p.name().matches(".*norm.*\\.weight") ? 1 : 0;
          p.value().set(random.uniform(p.value().elements(), middle - 0.3, middle + 0.3));
        }
      }
      parameters.valuesChanged();
    }
  }

  /**
   * What a backend found.
   *
   * @param theta row by row
   */
  private record Found(float[] output, Map<String, float[]> gradients, double[] theta) {
    /** All gradients, one behind the other. */
    float[] gradient() {
      int length = gradients.values().stream().mapToInt(g -> g.length).sum();
      float[] all = new float[length];
      int end = 0;
      for (float[] gradient : gradients.values()) {
        System.arraycopy(gradient, 0, all, end, gradient.length);
        end += gradient.length;
      }
      return all;
    }
  }

  static Stream<Arguments> cases() {
    return Candidate.times(List.of(Case.values()));
  }

  private static Found ofReference(Case network) {
    try (Session session = Session.open(Backend.named("reference"))) {
      return network.found(session, Precision.FP32);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void outputGradientsAndKernelAreTheReferences(Candidate candidate, Case network) {
    Found expected = ofReference(network);
    try (Session session = candidate.open()) {
      Found found = network.found(session, Precision.FP32);
      assertClose("output", found.output(), expected.output(), BOUND);
      found
          .gradients()
          .forEach((name, g) -> assertClose(name, g, expected.gradients().get(name), BOUND));
      assertClose("theta", narrow(found.theta()), expected.theta(), BOUND);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void inBfloat16TheyAreClose(Candidate candidate, Case network) {
    Found expected = ofReference(network);
    try (Session session = candidate.open()) {
      Found found = network.found(session, Precision.BF16);
      assertClose("output", found.output(), expected.output(), BFLOAT16_BOUND);
      assertClose("gradient", found.gradient(), expected.gradient(), BFLOAT16_BOUND);
      assertClose("theta", narrow(found.theta()), expected.theta(), BFLOAT16_BOUND);
    }
  }
}
