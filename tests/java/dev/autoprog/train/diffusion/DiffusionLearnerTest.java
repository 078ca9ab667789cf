package dev.autoprog.train.diffusion;

import static dev.autoprog.testing.Closeness.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Session;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingConfig;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.optim.AdamW;
import dev.autoprog.progressive.unfreeze.UnfreezingPattern;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DiffusionLearnerTest {
  private static final int BATCH = 3;
  private static final int SIDE = 4;
  private static final int CHANNELS = 2;
  private static final UnfreezingPattern PATTERN = UnfreezingPattern.CONTIGUOUS_TAIL;
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);

  static Stream<Arguments> candidates() {
    return Candidate.times(
        List.of(
            new DitConfig(SIDE, 2, CHANNELS, 3, 16, 2, 2, 2, true, 2),
            new UNetConfig(
                SIDE, CHANNELS, 3, 2, 16, List.of(1, 2), List.of(1), 1, 2, 4, 0, false)));
  }

  private static DiffusionLearner learner(Session session, DenoisingConfig config) {
    boolean learned = config instanceof DitConfig;
    return new DiffusionLearner(
        session,
        config.create(session, Precision.FP32, 1),
        new DiffusionProcess(
            SCHEDULE,
            learned ? Prediction.EPSILON : Prediction.VELOCITY,
            learned ? Variance.LEARNED_RANGE : Variance.FIXED_SMALL),
        AdamW.Settings.DEFAULT,
        0.9);
  }

  private static DiffusionLearner.StepResult step(
      Session session, DiffusionLearner learner, long step, RandomData random) {
    session.arena().reset();
    int[] timesteps = random.integers(BATCH, 0, 1000);
    NoisyBatch noisy =
        NoisyBatch.of(
            session, SCHEDULE, normal(session, random), normal(session, random), timesteps);
    Conditions conditions =
        new Conditions(
            noisy.told(SCHEDULE), random.integers(BATCH, 0, 4), random.integers(BATCH, 0, 3), null);
    return learner.step(noisy, conditions, step, 1e-2 / (1 + step));
  }

  private static Tensor normal(Session session, RandomData random) {
    Tensor tensor = session.arena().allocate(DType.FLOAT32, Shape.of(BATCH, CHANNELS, SIDE, SIDE));
    return tensor.set(random.gaussian(tensor.elements()));
  }

  /**
   * Whether the device repeats a step's kernel calls as a whole or not; across an unfreezing, too.
   * What is frozen anew before each step is called one by one.
   */
  @ParameterizedTest
  @MethodSource("candidates")
  void stepsComputeWhatTheSameCallsDoOneByOne(Candidate candidate, DenoisingConfig config) {
    try (Session session = candidate.open();
        DiffusionLearner repeated = learner(session, config);
        DiffusionLearner single = learner(session, config)) {
      for (long step = 0; step < 9; step++) {
        int level = step < 5 ? 2 : 4;
        if (step % 5 == 0) {
          repeated.train(PATTERN, level, step);
        }
        single.train(PATTERN, level, step);
        DiffusionLearner.StepResult expected =
            step(session, single, step, RandomData.of("denoising", step));
        assertThat(expected.isFinite()).isTrue();
        assertThat(step(session, repeated, step, RandomData.of("denoising", step)))
            .isEqualTo(expected);
      }
      assertSameBits("weights", weights(repeated), weights(single));
      assertSameBits(
          "average", repeated.average().values().toFloats(), single.average().values().toFloats());
      assertThat(single.captured()).isZero();
      assertThat(repeated.captured()).isEqualTo(candidate.backend().name().equals("cuda") ? 1 : 0);
    }
  }

  private static float[] weights(DiffusionLearner learner) {
    return learner.network().parameters().values().toFloats();
  }
}
