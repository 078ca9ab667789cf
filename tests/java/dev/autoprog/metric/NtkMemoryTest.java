package dev.autoprog.metric;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.metric.NeuralTangentKernel.Network;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingConfig;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the kernel takes in memory, beside the passes of a training step on the same samples. */
class NtkMemoryTest {
  private static final int SAMPLES = 4;
  private static final int CHANNELS = 3;
  private static final int SIDE = 32;

  /** Networks for {@value #SIDE}×{@value #SIDE} pixels, as wide as real ones, but shallow. */
  private enum Case {
    VIT(0.1) {
      @Override
      void pass(Session session, Precision precision, Pass pass) {
        try (VisionTransformer vit =
            VisionTransformer.create(
                session, new VitConfig(SIDE, 8, CHANNELS, 1000, 192, 2, 3, 4), precision, 1)) {
          pass.through(vit.parameters(), vit::forward);
        }
      }
    },
    DIT(0.1) {
      @Override
      void pass(Session session, Precision precision, Pass pass) {
        denoise(
            new DitConfig(SIDE, 4, CHANNELS, 10, 192, 2, 3, 4, false, 0), session, precision, pass);
      }
    },
    UNET(0.1) {
      @Override
      void pass(Session session, Precision precision, Pass pass) {
        denoise(UNetConfig.small(CHANNELS, 10), session, precision, pass);
      }
    };

    final double more;

    Case(double more) {
      this.more = more;
    }

    abstract void pass(Session session, Precision precision, Pass pass);

    static void denoise(DenoisingConfig config, Session session, Precision precision, Pass pass) {
      try (var network = config.create(session, precision, 1)) {
        Conditions conditions = Conditions.of(new float[SAMPLES], new int[SAMPLES]);
        pass.through(
            network.parameters(), (tape, images) -> network.forward(tape, images, conditions));
      }
    }
  }

  private interface Pass {
    void through(ParameterSet parameters, Network network);
  }

  private interface Sink {
    GradientSink of(ParameterSet parameters);
  }

  static Stream<Arguments> cases() {
    return Stream.of(Case.values())
        .flatMap(network -> Stream.of(Precision.values()).map(p -> Arguments.of(network, p)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void itNeedsLittleMoreThanAStep(Case network, Precision precision) {
    Backend backend = Backend.named(Candidate.nameOr("auto"));
    long step;
    try (Session session = Session.open(backend)) {
      step = peakBytes(session, network, precision, ParameterSet::accumulator);
    }
    try (Session session = Session.open(backend);
        NtkGram gram = new NtkGram(session, SAMPLES)) {
      long peak = peakBytes(session, network, precision, parameters -> gram);
      long parts = (long) gram.explain().size() * SAMPLES * SAMPLES * Double.BYTES;
      assertThat(peak + parts).isBetween(step / 2, (long) ((1 + network.more) * step));
    }
  }

  private static long peakBytes(Session session, Case network, Precision precision, Sink sink) {
    Tensor images = session.allocate(DType.FLOAT32, Shape.of(SAMPLES, CHANNELS, SIDE, SIDE));
    images.set(RandomData.of("ntk memory").gaussian(images.elements()));
    network.pass(
        session,
        precision,
        (parameters, forward) -> {
          Tape tape = Tape.recording(session);
          Variable outputs = forward.forward(tape, images);
          Tensor seed = tape.allocateLike(outputs.value());
          session.kernels().fill(seed, 1);
          tape.backward(outputs, seed, sink.of(parameters));
        });
    return session.arena().peakBytes();
  }
}
