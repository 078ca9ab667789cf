package dev.autoprog.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.autoprog.autograd.Tape;
import dev.autoprog.backend.Session;
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

class DiffusionLossTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(100);
  private static final int[] TIMESTEPS = {0, 37, 99};
  private static final int CHANNELS = 2;
  private static final int SIDE = 3;
  private static final int PIXELS = CHANNELS * SIDE * SIDE;

  static Stream<Arguments> predictions() {
    return Candidate.times(List.of(Prediction.values()));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(List.of(Variance.LEARNED_RANGE));
  }

  private static Tensor floats(Session session, float[] values, long... dims) {
    return session.allocate(DType.FLOAT32, Shape.of(dims)).set(values);
  }

  private static NoisyBatch batch(Session session, float[] clean, float[] noise) {
    return NoisyBatch.of(
        session,
        SCHEDULE,
        floats(session, clean, 3, CHANNELS, SIDE, SIDE),
        floats(session, noise, 3, CHANNELS, SIDE, SIDE),
        TIMESTEPS);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("predictions")
  void noiseAndErrorAreTheFormulas(Candidate candidate, Prediction prediction) {
    RandomData random = RandomData.of("loss", prediction);
    float[] clean = random.uniform(3 * PIXELS, -1, 1);
    float[] noise = random.gaussian(3 * PIXELS);
    float[] said = random.gaussian(3 * PIXELS);
    try (Session session = candidate.open()) {
      NoisyBatch batch = batch(session, clean, noise);
      DiffusionLoss loss =
          new DiffusionLoss(
              Tape.recording(session),
              new DiffusionProcess(SCHEDULE, prediction, Variance.FIXED_SMALL),
              batch,
              floats(session, said, 3, CHANNELS, SIDE, SIDE));
      float[] noisy = batch.noisy().toFloats();
      float[] gradient = loss.gradient(1f / 3).toFloats();
      double sum = 0;
      for (int i = 0; i < noisy.length; i++) {
        double alphaBar = SCHEDULE.alphaBar(TIMESTEPS[i / PIXELS]);
        double signal = Math.sqrt(alphaBar);
        double rest = Math.sqrt(1 - alphaBar);
        assertThat((double) noisy[i]).isCloseTo(signal * clean[i] + rest * noise[i], offset(1e-5));
        double target =
            prediction == Prediction.EPSILON ? noise[i] : signal * noise[i] - rest * clean[i];
        sum += Math.pow(said[i] - target, 2);
        assertThat((double) gradient[i])
            .isCloseTo(2 * (said[i] - target) / (3 * PIXELS), offset(1e-6));
      }
      assertThat(loss.error()).isCloseTo(sum / (3 * PIXELS), offset(1e-5));
      assertThat(loss.mean()).isEqualTo(loss.error());
      assertThat(batch.told(SCHEDULE.respaced(100))).containsExactly(0, 37, 99);
    }
  }

  /** By finite differences; the part of ε is that of its squared error alone. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("candidates")
  void theVariancesGradientIsThatOfTheBoundAndEpsilonsThatOfTheError(
      Candidate candidate, Variance variance) {
    RandomData random = RandomData.of("bound");
    float[] clean = random.uniform(3 * PIXELS, -1, 1);
    float[] noise = random.gaussian(3 * PIXELS);
    float[] said = random.uniform(6 * PIXELS, -0.7, 0.7);
    try (Session session = candidate.open()) {
      float[] gradient = loss(session, clean, noise, said).gradient(1f / 3).toFloats();
      double change = 1e-2;
      for (int i = 0; i < said.length; i += 5) {
        boolean ofVariance = i % (2 * PIXELS) >= PIXELS;
        double up = value(session, clean, noise, said, i, change, ofVariance);
        double down = value(session, clean, noise, said, i, -change, ofVariance);
        double expected = (up - down) / (2 * change);
        assertThat((double) gradient[i])
            .as("element %d", i)
            .isCloseTo(expected, offset(2e-4 + 0.02 * Math.abs(expected)));
      }
      DiffusionLoss loss = loss(session, clean, noise, said);
      assertThat(loss.mean()).isNotEqualTo(loss.error());
    }
  }

  private static double value(
      Session session,
      float[] clean,
      float[] noise,
      float[] said,
      int at,
      double change,
      boolean whole) {
    float[] changed = said.clone();
    changed[at] += (float) change;
    DiffusionLoss loss = loss(session, clean, noise, changed);
    return whole ? loss.mean() : loss.error();
  }

  private static DiffusionLoss loss(Session session, float[] clean, float[] noise, float[] said) {
    return new DiffusionLoss(
        Tape.recording(session),
        new DiffusionProcess(SCHEDULE, Prediction.EPSILON, Variance.LEARNED_RANGE),
        batch(session, clean, noise),
        floats(session, said, 3, 2 * CHANNELS, SIDE, SIDE));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("candidates")
  void whatDoesNotBelongTogetherIsRefused(Candidate candidate, Variance variance) {
    try (Session session = candidate.open()) {
      float[] images = new float[3 * PIXELS];
      NoisyBatch batch = batch(session, images, images);
      Tensor half = floats(session, images, 3, CHANNELS, SIDE, SIDE);
      Tape tape = Tape.recording(session);
      assertThatThrownBy(
              () ->
                  new DiffusionLoss(
                      tape,
                      new DiffusionProcess(SCHEDULE, Prediction.EPSILON, variance),
                      batch,
                      half))
          .hasMessageContaining("the variance learned");
      assertThatThrownBy(
              () ->
                  new DiffusionLoss(
                      tape,
                      new DiffusionProcess(SCHEDULE, Prediction.VELOCITY, variance),
                      batch,
                      half))
          .hasMessageContaining("beside ε alone");
    }
  }
}
