package dev.autoprog.model;

import static dev.autoprog.testing.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DiffusionTransformerTest {
  private static final double BOUND = 1e-4;

  /** Of single parameters; the reference backend is as far off. */
  private static final double BFLOAT16_BOUND = 1e-1;

  /** A network, and the images that it reads. */
  private record Case(DitConfig config, int side, int batch) {}

  static Stream<Arguments> cases() {
    return Candidate.times(
        List.of(
            new Case(new DitConfig(8, 4, 1, 0, 16, 1, 2, 2, false, 0), 8, 3),
            new Case(new DitConfig(8, 2, 4, 5, 24, 2, 3, 3, true, 0), 8, 2),
            new Case(new DitConfig(12, 3, 3, 7, 32, 3, 2, 4, true, 4), 18, 5)));
  }

  /** What a network reads, and the gradient by what it answers. */
  private record Step(
      float[] noisy, float[] timesteps, int[] labels, int[] stages, float[] gradient) {
    static Step of(RandomData random, DitConfig config, int side, int batch) {
      long pixels = (long) batch * side * side;
      return new Step(
          random.gaussian(pixels * config.channels()),
          random.uniform(batch, 0, 999),
          config.classes() == 0 ? null : random.integers(batch, 0, config.classes() + 1),
          config.stages() == 0 ? null : random.integers(batch, 0, config.stages() + 1),
          random.gaussian(pixels * config.outChannels()));
    }
  }

  private static Variable forward(Tape tape, DiffusionTransformer dit, Step step, int side) {
    Session session = tape.session();
    int batch = step.timesteps.length;
    return dit.forward(
        tape,
        floats(session, step.noisy, batch, dit.channels(), side, side),
        new Conditions(step.timesteps, step.labels, step.stages, null));
  }

  private static Tensor floats(Session session, float[] values, long... dims) {
    return session.allocate(DType.FLOAT32, Shape.of(dims)).set(values);
  }

  private static void fill(DiffusionTransformer dit, RandomData random) {
    for (Parameter parameter : dit.parameters().all()) {
      if (parameter.requiresGradient()) {
        parameter.value().set(random.uniform(parameter.value().elements(), -0.3, 0.3));
      }
    }
    dit.parameters().valuesChanged();
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void outputAndEveryGradientAreLibtorchs(Candidate candidate, Case network) {
    assertLibtorchs(candidate, network, Precision.FP32, BOUND);
  }

  /** Against the float32 gradients: what bfloat16 costs a whole network. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void outputAndEveryGradientInBfloat16AreCloseToLibtorchsInFloat32(
      Candidate candidate, Case network) {
    assertLibtorchs(candidate, network, Precision.BF16, BFLOAT16_BOUND);
  }

  private static void assertLibtorchs(
      Candidate candidate, Case network, Precision precision, double bound) {
    DitConfig config = network.config();
    int side = network.side();
    int batch = network.batch();
    RandomData random = RandomData.of("dit", config, side, batch);
    Step step = Step.of(random, config, side, batch);
    try (Session session = candidate.open();
        DiffusionTransformer dit = DiffusionTransformer.create(session, config, precision, 1)) {
      fill(dit, random);
      Tape tape = Tape.recording(session);
      Variable output = forward(tape, dit, step, side);
      Tensor gradient = floats(session, step.gradient, batch, config.outChannels(), side, side);
      tape.backward(output, gradient, dit.parameters().accumulator());

      Libtorch.scoped(
          () -> {
            Map<String, org.bytedeco.pytorch.Tensor> weights = new HashMap<>();
            for (Parameter p : dit.parameters().all()) {
              weights.put(p.name(), Libtorch.variable(p.value().toFloats(), p.shape().toArray()));
            }
            var expected =
                new LibtorchDit(config, weights, LibtorchVit.WRITTEN_OUT)
                    .forward(
                        Libtorch.constant(step.noisy, batch, config.channels(), side, side),
                        Libtorch.constant(step.timesteps, batch),
                        step.labels == null ? null : Libtorch.labels(step.labels),
                        step.stages == null ? null : Libtorch.labels(step.stages));
            Libtorch.backward(expected, step.gradient);
            assertClose("output", output.value().toFloats(), Libtorch.values(expected), bound);
            for (Parameter p : dit.parameters().all()) {
              if (p.requiresGradient()) {
                double[] wanted = Libtorch.values(weights.get(p.name()).grad());
                assertClose(p.name(), p.gradient().toFloats(), wanted, bound);
              }
            }
          });
    }
  }

  /** With the first blocks and the patches frozen, what is above them learns as it did. */
  @ParameterizedTest
  @MethodSource("precisions")
  void withFrozenFirstBlocksTheOthersGetTheSameGradientForLess(
      Candidate candidate, Precision precision) {
    DitConfig config = new DitConfig(16, 2, 3, 4, 64, 8, 2, 4, false, 2);
    Step step = Step.of(RandomData.of("frozen", precision), config, 16, 8);
    Predicate<String> trained = name -> name.matches("blocks\\.[67]\\..*|final_layer.*");
    try (Session whole = candidate.open();
        Session frozen = candidate.open()) {
      Map<String, float[]> all = gradients(whole, config, precision, step, block -> false);
      Map<String, float[]> some = gradients(frozen, config, precision, step, block -> block < 6);
      all.forEach(
          (name, gradient) -> {
            if (trained.test(name)) {
              assertThat(some.get(name)).as(name).isEqualTo(gradient);
            } else if (name.matches("blocks\\..*|x_embedder.*")) {
              assertThat(some.get(name)).as(name).containsOnly(0);
            }
          });
      assertThat(frozen.arena().peakBytes()).isLessThan(whole.arena().peakBytes() / 2);
    }
  }

  /** Frozen blocks among trained ones hand gradients down, and keep only what these need. */
  @ParameterizedTest
  @MethodSource("precisions")
  void frozenBlocksAmongOthersHandTheSameGradientDownForLess(
      Candidate candidate, Precision precision) {
    DitConfig config = new DitConfig(16, 2, 3, 4, 64, 8, 2, 4, false, 2);
    Step step = Step.of(RandomData.of("frozen among", precision), config, 16, 8);
    try (Session whole = candidate.open();
        Session frozen = candidate.open()) {
      Map<String, float[]> all = gradients(whole, config, precision, step, block -> false);
      Map<String, float[]> some = gradients(frozen, config, precision, step, block -> block > 0);
      all.forEach(
          (name, gradient) -> {
            if (name.matches("blocks\\.[1-7]\\..*")) {
              assertThat(some.get(name)).as(name).containsOnly(0);
            } else {
              assertThat(some.get(name)).as(name).isEqualTo(gradient);
            }
          });
      assertThat(frozen.arena().peakBytes()).isLessThan(whole.arena().peakBytes() * 8 / 10);
    }
  }

  static Stream<Arguments> precisions() {
    return Candidate.times(List.of(Precision.values()));
  }

  private static Map<String, float[]> gradients(
      Session session, DitConfig config, Precision precision, Step step, IntPredicate frozen) {
    try (DiffusionTransformer dit = DiffusionTransformer.create(session, config, precision, 1)) {
      fill(dit, RandomData.of("frozen weights"));
      if (frozen.test(0)) {
        dit.parametersBelowBlocks().forEach(p -> p.trainable(false));
      }
      IntStream.range(0, config.depth())
          .filter(frozen)
          .forEach(block -> dit.parametersOfBlock(block).forEach(p -> p.trainable(false)));
      Tape tape = Tape.recording(session);
      Variable output = forward(tape, dit, step, 16);
      Tensor gradient = floats(session, step.gradient, 8, 3, 16, 16);
      tape.backward(output, gradient, dit.parameters().accumulator());
      Map<String, float[]> gradients = new HashMap<>();
      dit.parameters().all().forEach(p -> gradients.put(p.name(), p.gradient().toFloats()));
      return gradients;
    }
  }

  @Test
  void freshItAnswersNothing() {
    DitConfig config = new DitConfig(8, 2, 3, 2, 32, 2, 2, 4, true, 1);
    Step step = Step.of(RandomData.of("fresh"), config, 8, 2);
    try (Session session = Session.open(Backend.named("reference"));
        DiffusionTransformer dit =
            DiffusionTransformer.create(session, config, Precision.FP32, 1)) {
      Variable output = forward(Tape.inference(session), dit, step, 8);
      assertThat(output.value().shape()).isEqualTo(Shape.of(2, 6, 8, 8));
      assertThat(output.value().toFloats()).containsOnly(0);
    }
  }

  /** Names, shapes and number of what the authors published for DiT-S/2. */
  @Test
  void parametersAreThoseOfThePublishedCheckpoints() {
    try (Session session = Session.open(Backend.named("reference"));
        DiffusionTransformer dit =
            DiffusionTransformer.create(session, DitConfig.small(2), Precision.FP32, 1)) {
      assertThat(dit.parameters().all().stream().map(Parameter::name))
          .contains(
              "pos_embed",
              "x_embedder.proj.weight",
              "t_embedder.mlp.0.weight",
              "t_embedder.mlp.2.bias",
              "y_embedder.embedding_table.weight",
              "blocks.0.attn.qkv.weight",
              "blocks.11.attn.proj.bias",
              "blocks.3.mlp.fc1.weight",
              "blocks.3.mlp.fc2.weight",
              "blocks.7.adaLN_modulation.1.weight",
              "final_layer.linear.weight",
              "final_layer.adaLN_modulation.1.bias")
          .hasSize(1 + 2 + 4 + 1 + 12 * 10 + 4);
      assertThat(shape(dit, "pos_embed")).isEqualTo(Shape.of(1, 256, 384));
      assertThat(shape(dit, "t_embedder.mlp.0.weight")).isEqualTo(Shape.of(384, 256));
      assertThat(shape(dit, "y_embedder.embedding_table.weight")).isEqualTo(Shape.of(1001, 384));
      assertThat(shape(dit, "final_layer.linear.weight")).isEqualTo(Shape.of(32, 384));
      assertThat(dit.parameters().count()).isEqualTo(32_963_360); // with the positions
    }
  }

  private static Shape shape(DiffusionTransformer dit, String name) {
    return dit.parameters().named(name).shape();
  }

  /** Values of the published {@code get_2d_sincos_pos_embed(8, 2)}. */
  @Test
  void positionsAreSinesAndCosinesOfColumnThenRow() {
    float[] positions = new float[4 * 8];
    SinCosPositions.of(2, 8).fill(positions, null);
    float sin1 = (float) Math.sin(1);
    float cos1 = (float) Math.cos(1);
    float sin = (float) Math.sin(0.01);
    float cos = (float) Math.cos(0.01);
    assertThat(positions)
        .containsExactly(
            0, 0, 1, 1, 0, 0, 1, 1, //
            sin1, sin, cos1, cos, 0, 0, 1, 1, //
            0, 0, 1, 1, sin1, sin, cos1, cos, //
            sin1, sin, cos1, cos, sin1, sin, cos1, cos);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    DitConfig config = new DitConfig(8, 2, 3, 2, 32, 1, 2, 4, false, 0);
    try (Session session = Session.open(Backend.named("reference"));
        DiffusionTransformer dit =
            DiffusionTransformer.create(session, config, Precision.FP32, 1)) {
      Tape tape = Tape.inference(session);
      float[] timesteps = new float[2];
      int[] labels = new int[2];
      assertThatThrownBy(
              () ->
                  dit.forward(
                      tape,
                      floats(session, new float[2 * 3 * 81], 2, 3, 9, 9),
                      Conditions.of(timesteps, labels)))
          .hasMessageContaining("expected (B, 3, R, R), R a multiple of 2");
      Tensor noisy = floats(session, new float[2 * 3 * 64], 2, 3, 8, 8);
      assertThatThrownBy(() -> dit.forward(tape, noisy, Conditions.of(timesteps, null)))
          .hasMessageContaining("no labels, expected one for each of 2 images");
    }
    assertThatThrownBy(() -> new DitConfig(8, 3, 3, 0, 32, 1, 2, 4, false, 0))
        .hasMessageContaining("does not divide");
    assertThatThrownBy(() -> new DitConfig(8, 2, 3, 0, 8, 1, 3, 4, false, 0))
        .hasMessageContaining("the width of a head");
    assertThatThrownBy(() -> new DitConfig(8, 2, 3, -1, 32, 1, 2, 4, false, 0))
        .hasMessageContaining("at least 0");
  }
}
