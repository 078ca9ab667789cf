package dev.autoprog.model;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;
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
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UNetTest {
  private static final double BOUND = 1e-4;

  /** Of the answer and of the whole gradient. */
  private static final double BFLOAT16_BOUND = 5e-2;

  /** Of one parameter's gradient, whose terms may cancel. */
  private static final double BFLOAT16_BOUND_OF_ONE = 0.25;

  private static final int TOKENS = 5;

  /** A network, and the images that it reads. */
  private record Case(String what, UNetConfig config, int side, int batch) {
    @Override
    public String toString() {
      return what;
    }
  }

  private static UNetConfig config(
      int resolution,
      int channels,
      int classes,
      int stages,
      List<Integer> multipliers,
      List<Integer> attentionLevels,
      int residualBlocks,
      int contextWidth,
      boolean learnsVariance) {
    return new UNetConfig(
        resolution,
        channels,
        classes,
        stages,
        16,
        multipliers,
        attentionLevels,
        residualBlocks,
        2,
        4,
        contextWidth,
        learnsVariance);
  }

  static Stream<Arguments> cases() {
    return Candidate.times(
        List.of(
            new Case(
                "no attention", config(8, 1, 0, 0, List.of(1, 2), List.of(), 2, 0, false), 8, 3),
            new Case(
                "attention inside, classes, variance",
                config(8, 3, 5, 0, List.of(1, 2), List.of(1), 1, 0, true),
                8,
                2),
            new Case(
                "attention outside, context, stages, another side",
                config(8, 4, 0, 3, List.of(1, 1, 2), List.of(0, 1), 1, 12, false),
                12,
                3),
            new Case(
                "one level, context, classes",
                config(6, 2, 3, 0, List.of(1), List.of(0), 1, 20, false),
                5,
                1)));
  }

  /** What a network reads, and the gradient by what it answers. */
  private record Step(
      float[] noisy,
      float[] timesteps,
      int[] labels,
      int[] stages,
      float[] context,
      float[] gradient) {
    static Step of(RandomData random, UNetConfig config, int side, int batch) {
      long pixels = (long) batch * side * side;
      return new Step(
          random.gaussian(pixels * config.channels()),
          random.uniform(batch, 0, 999),
          config.classes() == 0 ? null : random.integers(batch, 0, config.classes() + 1),
          config.stages() == 0 ? null : random.integers(batch, 0, config.stages() + 1),
          config.contextWidth() == 0
              ? null
              : random.gaussian((long) batch * TOKENS * config.contextWidth()),
          random.gaussian(pixels * config.outChannels()));
    }
  }

  private static Variable forward(Tape tape, UNet unet, Step step, int side) {
    Session session = tape.session();
    int batch = step.timesteps.length;
    Tensor context =
        step.context == null
            ? null
            : session
                .allocate(
                    unet.precision().activations(),
                    Shape.of(batch, TOKENS, unet.config().contextWidth()))
                .set(step.context);
    return unet.forward(
        tape,
        floats(session, step.noisy, batch, unet.channels(), side, side),
        new Conditions(step.timesteps, step.labels, step.stages, context));
  }

  private static Tensor floats(Session session, float[] values, long... dims) {
    return session.allocate(DType.FLOAT32, Shape.of(dims)).set(values);
  }

  private static void fill(UNet unet, RandomData random) {
    for (Parameter parameter : unet.parameters().all()) {
      boolean gain = parameter.name().matches(".*norm.*\\.weight");
      double middle = gain ? 1 : 0;
      parameter
          .value()
          .set(random.uniform(parameter.value().elements(), middle - 0.3, middle + 0.3));
    }
    unet.parameters().valuesChanged();
  }

  private static Map<String, Tensor> weights(UNet unet) {
    return unet.parameters().placesIn(unet.parameters().values());
  }

  private static Map<String, Tensor> gradients(UNet unet) {
    return unet.parameters().gradients().places();
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void outputAndEveryGradientAreLibtorchs(Candidate candidate, Case network) {
    assertLibtorchs(candidate, network, Precision.FP32, BOUND, BOUND);
  }

  /** Against the float32 gradients: what bfloat16 costs a whole network. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void outputAndEveryGradientInBfloat16AreCloseToLibtorchsInFloat32(
      Candidate candidate, Case network) {
    assertLibtorchs(candidate, network, Precision.BF16, BFLOAT16_BOUND, BFLOAT16_BOUND_OF_ONE);
  }

  private static void assertLibtorchs(
      Candidate candidate, Case network, Precision precision, double bound, double boundOfOne) {
    UNetConfig config = network.config();
    int side = network.side();
    int batch = network.batch();
    RandomData random = RandomData.of("unet", config, side, batch);
    Step step = Step.of(random, config, side, batch);
    try (Session session = candidate.open();
        UNet unet = UNet.create(session, config, precision, 1)) {
      fill(unet, random);
      Tape tape = Tape.recording(session);
      Variable output = forward(tape, unet, step, side);
      Tensor gradient = floats(session, step.gradient, batch, config.outChannels(), side, side);
      tape.backward(output, gradient, unet.parameters().accumulator());

      Libtorch.scoped(
          () -> {
            Map<String, org.bytedeco.pytorch.Tensor> theirs = new HashMap<>();
            weights(unet)
                .forEach(
                    (name, w) ->
                        theirs.put(name, Libtorch.variable(w.toFloats(), w.shape().toArray())));
            var expected =
                new LibtorchUNet(config, theirs, LibtorchVit.WRITTEN_OUT)
                    .forward(
                        Libtorch.constant(step.noisy, batch, config.channels(), side, side),
                        Libtorch.constant(step.timesteps, batch),
                        step.labels == null ? null : Libtorch.labels(step.labels),
                        step.stages == null ? null : Libtorch.labels(step.stages),
                        step.context == null
                            ? null
                            : Libtorch.constant(
                                step.context, batch, TOKENS, config.contextWidth()));
            Libtorch.backward(expected, step.gradient);
            assertClose("output", output.value().toFloats(), Libtorch.values(expected), bound);
            TensorVector whole = new TensorVector();
            TensorVector ours = new TensorVector();
            gradients(unet)
                .forEach(
                    (name, g) -> {
                      var wanted = theirs.get(name).grad();
                      assertClose(name, g.toFloats(), Libtorch.values(wanted), boundOfOne);
                      float[] found = g.toFloats();
                      whole.push_back(wanted.flatten());
                      ours.push_back(Libtorch.constant(found, found.length));
                    });
            assertClose(
                "gradient",
                narrow(Libtorch.values(torch.cat(ours, 0))),
                Libtorch.values(torch.cat(whole, 0)),
                bound);
          });
    }
  }

  /** For inference no activation is kept that nothing reads any more, and the bits are the same. */
  @ParameterizedTest
  @MethodSource("precisions")
  void inferenceAnswersTheSameWithLessMemory(Candidate candidate, Precision precision) {
    UNetConfig config = config(16, 3, 4, 2, List.of(1, 2), List.of(1), 3, 8, false);
    Step step = Step.of(RandomData.of("inference", precision), config, 16, 4);
    try (Session session = candidate.open();
        UNet unet = UNet.create(session, config, precision, 1)) {
      fill(unet, RandomData.of("inference weights"));
      float[] answer = forward(Tape.inference(session), unet, step, 16).value().toFloats();
      long peak = session.arena().peakBytes();
      session.arena().reset();
      Variable recorded = forward(Tape.recording(session), unet, step, 16);
      assertThat(recorded.value().toFloats()).isEqualTo(answer);
      assertThat(peak).isLessThan(session.arena().peakBytes() / 2);
    }
  }

  /** With the first blocks and the input frozen, what is above them learns as it did. */
  @ParameterizedTest
  @MethodSource("precisions")
  void withFrozenFirstBlocksTheOthersGetTheSameGradientForLess(
      Candidate candidate, Precision precision) {
    UNetConfig config = config(16, 3, 4, 2, List.of(1, 2, 2), List.of(1, 2), 2, 8, false);
    Step step = Step.of(RandomData.of("frozen", precision), config, 16, 4);
    Predicate<String> trained = name -> name.matches("up_blocks\\.[12]\\..*|conv_(norm_)?out.*");
    try (Session whole = candidate.open();
        Session frozen = candidate.open()) {
      Map<String, float[]> all = gradients(whole, config, precision, step, 0);
      Map<String, float[]> some = gradients(frozen, config, precision, step, 5);
      all.forEach(
          (name, gradient) -> {
            if (trained.test(name)) {
              assertThat(some.get(name)).as(name).isEqualTo(gradient);
            } else if (name.matches("(down_blocks|mid_block|up_blocks|conv_in)\\..*")) {
              assertThat(some.get(name)).as(name).containsOnly(0);
            }
          });
      assertThat(frozen.arena().peakBytes()).isLessThan(whole.arena().peakBytes() * 7 / 10);
    }
  }

  /** Frozen blocks among others: what trains gets the same gradient. */
  @ParameterizedTest
  @MethodSource("precisions")
  void frozenBlocksAboveOthersHandGradientsDown(Candidate candidate, Precision precision) {
    UNetConfig config = config(8, 3, 4, 0, List.of(1, 2), List.of(1), 1, 0, false);
    Step step = Step.of(RandomData.of("frozen above", precision), config, 8, 2);
    try (Session session = candidate.open();
        UNet unet = UNet.create(session, config, precision, 1)) {
      fill(unet, RandomData.of("weights"));
      Map<String, float[]> all = gradients(session, unet, step, 8);
      unet.parameters().clearGradients();
      for (int block = 2; block < unet.depth(); block++) {
        unet.parametersOfBlock(block).forEach(p -> p.trainable(false));
      }
      gradients(session, unet, step, 8)
          .forEach(
              (name, gradient) -> {
                if (name.matches("(mid_block|up_blocks)\\..*")) {
                  assertThat(gradient).as(name).containsOnly(0);
                } else {
                  assertThat(gradient).as(name).isEqualTo(all.get(name));
                }
              });
    }
  }

  static Stream<Arguments> precisions() {
    return Candidate.times(List.of(Precision.values()));
  }

  private static Map<String, float[]> gradients(
      Session session, UNetConfig config, Precision precision, Step step, int frozenBlocks) {
    try (UNet unet = UNet.create(session, config, precision, 1)) {
      fill(unet, RandomData.of("weights"));
      if (frozenBlocks > 0) {
        unet.parametersBelowBlocks().forEach(p -> p.trainable(false));
      }
      for (int block = 0; block < frozenBlocks; block++) {
        unet.parametersOfBlock(block).forEach(p -> p.trainable(false));
      }
      return gradients(session, unet, step, config.resolution());
    }
  }

  private static Map<String, float[]> gradients(Session session, UNet unet, Step step, int side) {
    session.arena().reset();
    Tape tape = Tape.recording(session);
    Variable output = forward(tape, unet, step, side);
    Tensor gradient = floats(session, step.gradient, output.value().shape().toArray());
    tape.backward(output, gradient, unet.parameters().accumulator());
    Map<String, float[]> gradients = new HashMap<>();
    gradients(unet).forEach((name, g) -> gradients.put(name, g.toFloats()));
    return gradients;
  }

  @Test
  void freshItAnswersNothing() {
    UNetConfig config = config(8, 3, 2, 1, List.of(1, 2), List.of(1), 1, 8, true);
    Step step = Step.of(RandomData.of("fresh"), config, 8, 2);
    try (Session session = Session.open(Backend.named("reference"));
        UNet unet = UNet.create(session, config, Precision.FP32, 1)) {
      Variable output = forward(Tape.inference(session), unet, step, 8);
      assertThat(output.value().shape()).isEqualTo(Shape.of(2, 6, 8, 8));
      assertThat(output.value().toFloats()).containsOnly(0);
    }
  }

  /** A layer's part of a stacked weight begins as the layer alone would. */
  @Test
  void freshWeightsFollowTheNameInFiles() {
    UNetConfig small = config(8, 3, 0, 0, List.of(1), List.of(0), 1, 0, false);
    UNetConfig told = config(8, 3, 0, 0, List.of(1), List.of(0), 1, 16, false);
    try (Session session = Session.open(Backend.named("reference"));
        UNet one = UNet.create(session, small, Precision.FP32, 7);
        UNet other = UNet.create(session, told, Precision.FP32, 7)) {
      Map<String, Tensor> mine = weights(one);
      Map<String, Tensor> others = weights(other);
      mine.forEach(
          (name, w) -> assertThat(others.get(name).toFloats()).as(name).isEqualTo(w.toFloats()));
      String attention = "mid_block.attentions.0.transformer_blocks.0.attn1.";
      assertThat(mine.get(attention + "to_q.weight").toFloats())
          .isNotEqualTo(mine.get(attention + "to_k.weight").toFloats());
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    UNetConfig config = config(8, 3, 2, 0, List.of(1, 1, 1), List.of(1), 1, 8, false);
    try (Session session = Session.open(Backend.named("reference"));
        UNet unet = UNet.create(session, config, Precision.FP32, 1)) {
      Tape tape = Tape.inference(session);
      float[] timesteps = new float[2];
      int[] labels = new int[2];
      Tensor odd = floats(session, new float[2 * 3 * 36], 2, 3, 6, 6);
      assertThatThrownBy(() -> unet.forward(tape, odd, Conditions.of(timesteps, labels)))
          .hasMessageContaining("expected (B, 3, R, R), R a multiple of 4")
          .hasMessageContaining("halved 2 times");
      Tensor noisy = floats(session, new float[2 * 3 * 64], 2, 3, 8, 8);
      assertThatThrownBy(() -> unet.forward(tape, noisy, Conditions.of(timesteps, null)))
          .hasMessageContaining("no labels, expected one for each of 2 images");
      assertThatThrownBy(() -> unet.forward(tape, noisy, Conditions.of(timesteps, labels)))
          .hasMessageContaining("no context, expected FLOAT32 (2, M, 8)");
      Tensor narrow = floats(session, new float[2 * 5 * 7], 2, 5, 7);
      assertThatThrownBy(
              () -> unet.forward(tape, noisy, new Conditions(timesteps, labels, null, narrow)))
          .hasMessageContaining("the context is FLOAT32(2, 5, 7), expected FLOAT32 (2, M, 8)");
    }
  }
}
