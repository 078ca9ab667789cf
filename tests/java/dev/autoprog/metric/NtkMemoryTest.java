package dev.autoprog.metric;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the kernel of 16 samples takes in memory, beside the passes of a training step on them. */
class NtkMemoryTest {
  private static final int SAMPLES = 16;

  /** DeiT-Ti, cut to few blocks and tokens. */
  private static final VitConfig NETWORK = new VitConfig(64, 16, 3, 1000, 192, 2, 3, 4);

  static Stream<Arguments> cases() {
    return Candidate.times(List.of(Precision.values()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void itIsATenthMoreAtMost(Candidate candidate, Precision precision) {
    long step;
    try (Session session = candidate.open();
        VisionTransformer vit = VisionTransformer.create(session, NETWORK, precision, 1)) {
      pass(session, vit, vit.parameters()::accumulator);
      step = session.arena().peakBytes();
    }
    try (Session session = candidate.open();
        VisionTransformer vit = VisionTransformer.create(session, NETWORK, precision, 1);
        NtkGram gram = new NtkGram(session, SAMPLES)) {
      pass(session, vit, () -> gram);
      long parts = (long) gram.explain().size() * SAMPLES * SAMPLES * Double.BYTES;
      assertThat(session.arena().peakBytes() + parts)
          .as("against %,d bytes", step)
          .isLessThan(step + step / 10);
    }
  }

  private static void pass(Session session, VisionTransformer vit, Supplier<GradientSink> sink) {
    long pixels = 3L * NETWORK.resolution() * NETWORK.resolution();
    Tensor images =
        session.allocate(
            DType.FLOAT32, Shape.of(SAMPLES, 3, NETWORK.resolution(), NETWORK.resolution()));
    images.set(RandomData.of("ntk memory").gaussian(SAMPLES * pixels));
    Tape tape = Tape.recording(session);
    Variable logits = vit.forward(tape, images);
    Tensor seed = tape.allocateLike(logits.value());
    session.kernels().fill(seed, 1);
    tape.backward(logits, seed, sink.get());
  }
}
