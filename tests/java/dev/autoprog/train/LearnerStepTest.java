package dev.autoprog.train;

import static dev.autoprog.testing.Closeness.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.CrossEntropy;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.StochasticDepth;
import dev.autoprog.nn.Targets;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.Ema;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a step does, whether the device repeats its kernel calls as a whole or not. */
class LearnerStepTest {
  private static final VitConfig CONFIG = new VitConfig(6, 3, 1, 4, 16, 3, 2, 2);
  private static final int BATCH = 3;
  private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9, 0.999, 1e-8, 0.05, 1);

  static List<Candidate> candidates() {
    return Candidate.all();
  }

  private static Learner learner(Session session) {
    return new Learner(
        session,
        VisionTransformer.create(session, CONFIG, 7),
        SETTINGS,
        new RunConfig.Averages(List.of(0.5, 0.9), false),
        RunConfig.Moments.COPY,
        7);
  }

  private static Tensor images(Session session) {
    return session.allocate(DType.FLOAT32, Shape.of(BATCH, 1, 6, 6));
  }

  private static void train(Session session, Learner learner, int from, int to) {
    RandomData random = RandomData.of("learner");
    Tensor images = images(session);
    for (int step = from; step < to; step++) {
      session.arena().reset();
      images.set(random.gaussian(images.elements()));
      learner.step(images, random.integers(BATCH, 0, 4), 0.1, 0.2, step, 1e-2);
    }
    session.free(images);
  }

  /** Whether a device repeats them as a whole or not. */
  @ParameterizedTest
  @MethodSource("candidates")
  void stepsComputeWhatTheSameCallsDoOneByOne(Candidate candidate) {
    try (Session session = candidate.open();
        Learner learner = learner(session);
        VisionTransformer model = VisionTransformer.create(session, CONFIG, 7);
        AdamW optimizer = new AdamW(session, model.parameters(), SETTINGS);
        Ema average = new Ema(session, model.parameters(), 0.9, false)) {
      RandomData random = RandomData.of("one by one");
      ParameterSet parameters = model.parameters();
      Tensor images = images(session);
      for (int step = 0; step < 8; step++) {
        images.set(random.gaussian(images.elements()));
        int[] labels = random.integers(BATCH, 0, 4);
        Targets targets = step % 2 == 0 ? Targets.of(labels) : Targets.mirrored(labels, 0.7f);
        double rate = 1e-2 / (1 + step);
        session.arena().reset();
        Learner.StepResult result = learner.step(images, targets, 0.1, 0.5, step, rate);

        session.arena().reset();
        Tape tape = Tape.recording(session);
        parameters.clearGradients();
        StochasticDepth depth = new StochasticDepth(0.5, CONFIG.depth(), 7 ^ 0x5D, step);
        Variable logits = model.forward(tape, images, depth);
        CrossEntropy loss = new CrossEntropy(tape, logits.value(), targets, 0.1);
        tape.backward(logits, loss.gradient(1f / BATCH), parameters.accumulator());
        double norm = optimizer.step(step, rate, List.of(average));
        assertThat(result).isEqualTo(new Learner.StepResult(loss.mean(), loss.correct(), norm));
      }
      assertSameBits(
          "weights",
          learner.model().parameters().values().toFloats(),
          parameters.values().toFloats());
      assertThat(learner.captured()).isEqualTo(candidate.backend().name().equals("cuda") ? 2 : 0);
      assertSameBits(
          "average", learner.averages().get(1).values().toFloats(), average.values().toFloats());
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aStepThatFailsLeavesNothingFrozen(Candidate candidate) {
    try (Session session = candidate.open();
        Learner learner = learner(session)) {
      Tensor coloured = session.zeros(Shape.of(BATCH, 3, 6, 6));
      BlockPath some = BlockPath.of(List.of(0, 2));
      Targets targets = Targets.of(new int[BATCH]);
      assertThatThrownBy(() -> learner.step(some, coloured, targets, 0, 0, 0, 1e-2))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(learner.model().parameters().all()).allMatch(Parameter::requiresGradient);
    }
  }

  /** The weights stay what they were, and later steps are not disturbed. */
  @ParameterizedTest
  @MethodSource("candidates")
  void aStepWithoutFiniteNumbersChangesNothing(Candidate candidate) {
    try (Session session = candidate.open();
        Learner learner = learner(session)) {
      train(session, learner, 0, 3);
      ParameterSet parameters = learner.model().parameters();
      float[] weights = parameters.values().toFloats();
      float[] average = learner.averages().get(0).values().toFloats();
      session.arena().reset();
      float[] pixels = RandomData.of("infinite").gaussian(BATCH * 36);
      pixels[5] = Float.POSITIVE_INFINITY;
      Tensor images = session.arena().allocate(DType.FLOAT32, Shape.of(BATCH, 1, 6, 6)).set(pixels);
      assertThat(learner.step(images, new int[BATCH], 0, 0, 3, 1e-2).isFinite()).isFalse();
      assertSameBits("weights", parameters.values().toFloats(), weights);
      assertSameBits("average", learner.averages().get(0).values().toFloats(), average);
      train(session, learner, 3, 4);
      assertThat(parameters.values().toFloats()).doesNotContain(Float.NaN).isNotEqualTo(weights);
    }
  }
}
