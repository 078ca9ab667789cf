package dev.autoprog.model;

import static dev.autoprog.testing.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.Precision;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class VisionTransformerTest {
  private static final double BOUND = 1e-4;
  private static final double BFLOAT16_BOUND = 3e-2;
  private static final double SMOOTHING = 0.1;

  /** A network, and the images that it reads. */
  private record Case(VitConfig config, int side, int batch) {}

  static Stream<Arguments> cases() {
    return Candidate.times(
        List.of(
            new Case(new VitConfig(8, 4, 1, 5, 16, 1, 2, 2), 8, 3),
            new Case(new VitConfig(28, 4, 1, 10, 24, 2, 3, 3), 16, 2),
            new Case(new VitConfig(12, 3, 3, 7, 32, 3, 2, 4), 18, 5)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void lossAndEveryGradientAreLibtorchs(Candidate candidate, Case network) {
    assertLibtorchs(candidate, network, Precision.FP32, BOUND);
  }

  /** Against the float32 gradients: what bfloat16 costs a whole network. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void lossAndEveryGradientInBfloat16AreCloseToLibtorchsInFloat32(
      Candidate candidate, Case network) {
    assertLibtorchs(candidate, network, Precision.BF16, BFLOAT16_BOUND);
  }

  private static void assertLibtorchs(
      Candidate candidate, Case network, Precision precision, double bound) {
    VitConfig config = network.config();
    int side = network.side();
    int batch = network.batch();
    RandomData random = RandomData.of("vit", config, side, batch);
    float[] images = random.gaussian((long) batch * config.channels() * side * side);
    int[] labels = random.integers(batch, 0, config.classes());
    try (Session session = candidate.open();
        VisionTransformer vit = VisionTransformer.create(session, config, precision, 1)) {
      for (Parameter parameter : vit.parameters().all()) {
        float[] values = random.uniform(parameter.value().elements(), -0.3, 0.3);
        parameter.value().set(values);
      }
      vit.parameters().valuesChanged();
      Tensor input =
          session
              .allocate(DType.FLOAT32, Shape.of(batch, config.channels(), side, side))
              .set(images);
      Tape tape = Tape.recording(session);
      Variable logits = vit.forward(tape, input);
      CrossEntropy loss = new CrossEntropy(tape, logits.value(), labels, SMOOTHING);
      tape.backward(logits, loss.gradient(1f / batch), vit.parameters().accumulator());

      Libtorch.scoped(
          () -> {
            Map<String, org.bytedeco.pytorch.Tensor> weights = new HashMap<>();
            for (Parameter p : vit.parameters().all()) {
              weights.put(p.name(), Libtorch.variable(p.value().toFloats(), p.shape().toArray()));
            }
            var graph = new LibtorchVit(config, weights, LibtorchVit.FUSED);
            var expected =
                graph.loss(
                    Libtorch.constant(images, batch, config.channels(), side, side),
                    labels,
                    SMOOTHING);
            expected.backward();
            assertThat(loss.mean())
                .isCloseTo(
                    Libtorch.values(expected)[0], org.assertj.core.data.Offset.offset(bound));
            for (Parameter p : vit.parameters().all()) {
              double[] gradient = Libtorch.values(weights.get(p.name()).grad());
              assertClose(p.name(), p.gradient().toFloats(), gradient, bound);
            }
          });
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void recomputedBlocksGiveTheSameBitsInHalfTheMemory(Precision precision) {
    try (Session plain = sessionOfTwoThreads();
        Session recomputing = sessionOfTwoThreads()) {
      assertThat(gradients(recomputing, precision, true))
          .isEqualTo(gradients(plain, precision, false));
      assertThat(recomputing.arena().peakBytes()).isLessThan(plain.arena().peakBytes() / 2);
    }
  }

  private static Session sessionOfTwoThreads() {
    return Session.open(Backend.named(Candidate.nameOr("cpu")), 2);
  }

  static Stream<Arguments> candidatesInEachPrecision() {
    return Candidate.times(List.of(Precision.values()));
  }

  /** Eight blocks deep, in one number; where there is no libtorch, this is what is left. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("candidatesInEachPrecision")
  void gradientsAreTheReferences(Candidate candidate, Precision precision) {
    try (Session session = candidate.open();
        Session reference = Session.open(Backend.named("reference"))) {
      assertClose(
          "gradients",
          gradients(session, precision, false),
          gradients(reference, precision, false),
          precision == Precision.FP32 ? BOUND : BFLOAT16_BOUND);
    }
  }

  private static float[] gradients(Session session, Precision precision, boolean recompute) {
    VitConfig config = new VitConfig(16, 4, 1, 10, 64, 8, 2, 4);
    RandomData random = RandomData.of("recompute", precision);
    try (VisionTransformer vit = VisionTransformer.create(session, config, precision, 1)) {
      vit.recomputeBlocks(recompute);
      Tensor images =
          session.allocate(DType.FLOAT32, Shape.of(8, 1, 16, 16)).set(random.gaussian(8 * 256));
      Tape tape = Tape.recording(session);
      Variable logits = vit.forward(tape, images, new StochasticDepth(0.3, 8, 5, 0));
      int[] labels = random.integers(8, 0, 10);
      CrossEntropy loss = new CrossEntropy(tape, logits.value(), labels, SMOOTHING);
      tape.backward(logits, loss.gradient(1f / 8), vit.parameters().accumulator());
      return vit.parameters().gradients().values().toFloats();
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void inferenceGivesTheSameBitsInAFractionOfTheMemory(Precision precision) {
    VitConfig config = new VitConfig(16, 4, 1, 10, 64, 8, 2, 4);
    float[] pixels = RandomData.of("inference", precision).gaussian(8 * 256);
    try (Session training = sessionOfTwoThreads();
        Session evaluating = sessionOfTwoThreads()) {
      assertThat(logits(evaluating, config, precision, pixels, Tape.inference(evaluating)))
          .isEqualTo(logits(training, config, precision, pixels, Tape.recording(training)));
      assertThat(evaluating.arena().peakBytes()).isLessThan(training.arena().peakBytes() / 3);
    }
  }

  private static float[] logits(
      Session session, VitConfig config, Precision precision, float[] pixels, Tape tape) {
    try (VisionTransformer vit = VisionTransformer.create(session, config, precision, 1)) {
      Tensor images = session.allocate(DType.FLOAT32, Shape.of(8, 1, 16, 16)).set(pixels);
      return vit.forward(tape, images).value().toFloats();
    }
  }

  @Test
  void parametersBearTimmsNamesAndCounts() {
    try (Session session = Session.open(Backend.named("reference"));
        VisionTransformer vit = VisionTransformer.create(session, VitConfig.deitTiny(), 1)) {
      assertThat(vit.parameters().all().stream().map(Parameter::name))
          .contains(
              "cls_token",
              "pos_embed",
              "patch_embed.proj.weight",
              "blocks.0.norm1.weight",
              "blocks.0.attn.qkv.weight",
              "blocks.0.attn.proj.bias",
              "blocks.11.mlp.fc1.weight",
              "blocks.11.mlp.fc2.bias",
              "norm.weight",
              "head.bias")
          .hasSize(4 + 12 * 12 + 4);
      assertThat(vit.parameters().named("patch_embed.proj.weight").shape())
          .isEqualTo(Shape.of(192, 3, 16, 16));
      assertThat(vit.parameters().all().stream().filter(Parameter::decayed).map(Parameter::name))
          .allMatch(name -> name.endsWith("weight") && !name.contains("norm"));
    }
  }

  /** Against timm's counts; the small one's is counted by hand. */
  @ParameterizedTest
  @MethodSource("sizes")
  void namedSizesHaveTheirCounts(VitConfig config, long parameters) {
    try (Session session = Session.open(Backend.named("reference"));
        VisionTransformer vit = VisionTransformer.create(session, config, 1)) {
      assertThat(vit.parameters().count()).isEqualTo(parameters);
    }
  }

  static Stream<Arguments> sizes() {
    return Stream.of(
        Arguments.of(VitConfig.deitTiny(), 5_717_416),
        Arguments.of(VitConfig.deitSmall(), 22_050_664),
        Arguments.of(VitConfig.deitSmall().withClasses(10).withImages(32, 4, 3), 21_342_346),
        Arguments.of(VitConfig.small28(), 567_562));
  }

  @Test
  void imagesThatDoNotFitAreRefused() {
    try (Session session = Session.open(Backend.named("reference"));
        VisionTransformer vit =
            VisionTransformer.create(session, new VitConfig(8, 4, 1, 5, 16, 1, 2, 2), 1)) {
      Tape tape = Tape.inference(session);
      assertThatThrownBy(() -> vit.forward(tape, session.zeros(Shape.of(1, 1, 10, 10))))
          .hasMessageContaining("patch of 4")
          .hasMessageContaining("10");
      assertThatThrownBy(() -> vit.forward(tape, session.zeros(Shape.of(1, 3, 8, 8))))
          .hasMessageContaining("(1, 3, 8, 8)")
          .hasMessageContaining("(B, 1, R, R)");
    }
  }

  @Test
  void impossibleShapesAreRefused() {
    assertThatThrownBy(() -> new VitConfig(30, 4, 1, 5, 16, 1, 2, 2))
        .hasMessageContaining("patch of 4")
        .hasMessageContaining("30");
    assertThatThrownBy(() -> new VitConfig(8, 4, 1, 5, 20, 1, 2, 2))
        .hasMessageContaining("width of 20 in 2 heads");
  }
}
