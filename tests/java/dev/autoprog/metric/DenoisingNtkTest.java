package dev.autoprog.metric;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;

import dev.autoprog.backend.Session;
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
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The neural tangent kernel of whole denoising networks, against libtorch's gradients of each
 * sample in float64. Samples share classes and stages, so that rows of tables are common to some.
 */
class DenoisingNtkTest {
  private static final double BOUND = 1e-4;
  private static final int SAMPLES = 4;
  private static final int SIDE = 8;
  private static final int CHANNELS = 3;
  private static final int TOKENS = 4;
  private static final int CONTEXT = 8;
  private static final int[] LABELS = {1, 2, 1, 0};
  private static final int[] STAGES = {0, 1, 1, 0};

  /** What a network reads. */
  private static final class Inputs {
    final float[] noisy;
    final float[] timesteps;
    final float[] context;

    Inputs(RandomData random) {
      noisy = random.gaussian((long) SAMPLES * CHANNELS * SIDE * SIDE);
      timesteps = random.uniform(SAMPLES, 0, 999);
      context = random.gaussian((long) SAMPLES * TOKENS * CONTEXT);
    }
  }

  /** A network of ours, the same of libtorch. */
  private enum Case {
    UNET {
      private final UNetConfig config =
          new UNetConfig(
              SIDE, CHANNELS, 3, 2, 16, List.of(1, 2), List.of(1), 1, 2, 4, CONTEXT, false);

      @Override
      DenoisingNetwork create(Session session) {
        return UNet.create(session, config, Precision.FP32, 1);
      }

      @Override
      org.bytedeco.pytorch.Tensor expected(
          Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in) {
        return new LibtorchUNet(config, weights, LibtorchVit.WRITTEN_OUT)
            .forward(
                Libtorch.constant(in.noisy, SAMPLES, CHANNELS, SIDE, SIDE),
                Libtorch.constant(in.timesteps, SAMPLES),
                Libtorch.labels(LABELS),
                Libtorch.labels(STAGES),
                Libtorch.constant(in.context, SAMPLES, TOKENS, CONTEXT));
      }
    },
    DIT {
      private final DitConfig config = new DitConfig(SIDE, 2, CHANNELS, 3, 16, 2, 2, 2, false, 2);

      @Override
      DenoisingNetwork create(Session session) {
        return DiffusionTransformer.create(session, config, Precision.FP32, 1);
      }

      @Override
      org.bytedeco.pytorch.Tensor expected(
          Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in) {
        return new LibtorchDit(config, weights)
            .forward(
                Libtorch.constant(in.noisy, SAMPLES, CHANNELS, SIDE, SIDE),
                Libtorch.constant(in.timesteps, SAMPLES),
                Libtorch.labels(LABELS),
                Libtorch.labels(STAGES));
      }
    };

    abstract DenoisingNetwork create(Session session);

    abstract org.bytedeco.pytorch.Tensor expected(
        Map<String, org.bytedeco.pytorch.Tensor> weights, Inputs in);
  }

  static Stream<Arguments> cases() {
    return Candidate.times(List.of(Case.values()));
  }

  private static void fill(ParameterSet parameters, RandomData random) {
    parameters.all().stream()
        .filter(p -> !p.name().equals("pos_embed"))
        .forEach(
            p -> {
              double middle = p.name().matches(".*norm.*\\.weight") ? 1 : 0;
              p.value().set(random.uniform(p.value().elements(), middle - 0.3, middle + 0.3));
            });
    parameters.valuesChanged();
  }

  /** Our Θ of the network's answers, summed over a sample. */
  private static double[][] measured(Session session, DenoisingNetwork network, Inputs in) {
    Tensor noisy =
        session.allocate(DType.FLOAT32, Shape.of(SAMPLES, CHANNELS, SIDE, SIDE)).set(in.noisy);
    Tensor context =
        session.allocate(DType.FLOAT32, Shape.of(SAMPLES, TOKENS, CONTEXT)).set(in.context);
    return NeuralTangentKernel.of(
            session,
            (tape, images) -> {
              int batch = (int) images.shape().dim(0); // 1 or all: the first ones in either case
              return network.forward(
                  tape,
                  images,
                  new Conditions(
                      Arrays.copyOf(in.timesteps, batch),
                      Arrays.copyOf(LABELS, batch),
                      Arrays.copyOf(STAGES, batch),
                      context.rows(0, batch)));
            },
            noisy,
            Outputs.SUMMED)
        .theta();
  }

  private static double[] expected(Case network, Map<String, Tensor> weights, Inputs in) {
    TensorVector rows = new TensorVector();
    for (int i = 0; i < SAMPLES; i++) {
      Map<String, org.bytedeco.pytorch.Tensor> theirs = new LinkedHashMap<>();
      weights.forEach(
          (name, w) -> theirs.put(name, Libtorch.variable(w.toFloats(), w.shape().toArray())));
      network.expected(theirs, in).select(0, i).sum().backward();
      TensorVector gradient = new TensorVector();
      theirs.forEach(
          (name, w) -> {
            if (!name.equals("pos_embed")) { // fixed, not learned
              gradient.push_back(w.grad().flatten());
            }
          });
      rows.push_back(torch.cat(gradient, 0));
    }
    var jacobian = torch.stack(rows);
    return Libtorch.values(jacobian.matmul(jacobian.t()));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void thetaIsTheGramOfLibtorchsGradients(Candidate candidate, Case network) {
    RandomData random = RandomData.of("denoising ntk", network.name());
    Inputs inputs = new Inputs(random);
    try (Session session = candidate.open();
        DenoisingNetwork ours = network.create(session)) {
      ParameterSet parameters = ours.parameters();
      fill(parameters, random);
      double[][] theta = measured(session, ours, inputs);
      float[] found = narrow(Arrays.stream(theta).flatMapToDouble(Arrays::stream).toArray());
      Libtorch.scoped(
          () ->
              assertClose(
                  "theta",
                  found,
                  expected(network, parameters.placesIn(parameters.values()), inputs),
                  BOUND));
    }
  }
}
