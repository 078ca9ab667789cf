package dev.autoprog.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Session;
import dev.autoprog.diffusion.Sampler.Transition;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Samplers with the best possible network for normal data. Where a sampler's step is exact for
 * them, the noisy samples must have the right mean and variance at every step, however few steps
 * there are. The seed is fixed: a bound of five standard errors holds always or never.
 */
class SamplerTest {
  private static final NoiseSchedule TRAINED = NoiseSchedule.linear(1000);
  private static final long SEED = 20;

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  private static DiffusionProcess process(int steps, Prediction prediction, Variance variance) {
    return new DiffusionProcess(TRAINED, prediction, variance).respaced(steps);
  }

  /** A sampler, and data N(mean, deviation²) for which its steps are exact. */
  private record Exact(String name, Sampler sampler, double mean, double deviation) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Arguments> exact() {
    Prediction eps = Prediction.EPSILON;
    Prediction v = Prediction.VELOCITY;
    DiffusionProcess small = process(20, eps, Variance.FIXED_SMALL);
    DiffusionProcess large = process(20, eps, Variance.FIXED_LARGE);
    DiffusionProcess learned = process(20, eps, Variance.LEARNED_RANGE);
    DiffusionProcess velocity = process(20, v, Variance.LEARNED_RANGE);
    List<Exact> cases =
        List.of(
            new Exact("DDPM, β̃, a point", new DdpmSampler(small, false), 0.8, 0),
            new Exact("DDPM, β, standard normal", new DdpmSampler(large, false), 0, 1),
            new Exact("DDPM, learned variance", new DdpmSampler(learned, false), 0.5, 0.3),
            new Exact("DDPM, learned, v", new DdpmSampler(velocity, false), 0.5, 0.6),
            new Exact("DDIM, a point", new DdimSampler(small, 0, false), 0.8, 0),
            new Exact("DDIM, η = ½, a point", new DdimSampler(small, 0.5, false), 0.8, 0),
            new Exact("DDIM, η = 1, a point, v", new DdimSampler(velocity, 1, false), -0.8, 0));
    return cases.stream().flatMap(c -> candidates().map(on -> Arguments.of(on, c)));
  }

  @ParameterizedTest(name = "{1}, {0}")
  @MethodSource("exact")
  void everyStepHasTheRightMeanAndVariance(Candidate candidate, Exact c) {
    GaussianData data = new GaussianData(TRAINED, c.sampler.process(), c.mean, c.deviation);
    float[] samples = draw(candidate, c.sampler, data, 40_000);
    assertThat(data.seen).hasSize(20);
    for (GaussianData.Seen seen : data.seen) {
      assertMoments(
          "timestep " + seen.timestep(),
          new double[] {seen.mean(), seen.variance()},
          seen.trueMean(),
          seen.trueVariance(),
          samples.length);
    }
    // the last step adds no noise: what is left to guess at timestep 0 is missing
    double last = 1 - TRAINED.alphaBar(0);
    double variance = c.deviation * c.deviation;
    double missing = variance * last / (TRAINED.alphaBar(0) * variance + last);
    assertMoments("the samples", moments(samples), c.mean, variance - missing, samples.length);
  }

  /**
   * Within 5 standard errors; and, for the mean, what √ᾱ of the first step leaves of the data's.
   */
  private static void assertMoments(
      String what, double[] found, double mean, double variance, int n) {
    double start = TRAINED.signalRate(999);
    assertThat(found[0])
        .as("mean of %s", what)
        .isCloseTo(mean, within(5 * Math.sqrt(variance / n) + start * Math.sqrt(variance) + 1e-5));
    assertThat(found[1])
        .as("variance of %s", what)
        .isCloseTo(variance, within(5 * variance * Math.sqrt(2.0 / n) + 1e-6));
  }

  private static double[] moments(float[] values) {
    double mean = 0;
    for (float value : values) {
      mean += value;
    }
    mean /= values.length;
    double squares = 0;
    for (float value : values) {
      squares += (value - mean) * (value - mean);
    }
    return new double[] {mean, squares / values.length};
  }

  private static float[] draw(Candidate candidate, Sampler sampler, Denoiser denoiser, int n) {
    try (Session session = candidate.open()) {
      Tensor x = session.allocate(DType.FLOAT32, Shape.of(8, 1, n / 8));
      assertThat(sampler.sample(session, denoiser, x, SEED, 0, () -> false)).isTrue();
      return x.toFloats();
    }
  }

  /** The deterministic way is exact only in the limit of many steps. */
  @ParameterizedTest
  @MethodSource("candidates")
  void manyStepsOfDdimLeadFromNoiseToTheData(Candidate candidate) {
    DdimSampler sampler =
        new DdimSampler(process(500, Prediction.EPSILON, Variance.FIXED_SMALL), 0, false);
    GaussianData data = new GaussianData(TRAINED, sampler.process(), 0.5, 0.3);
    double[] found = moments(draw(candidate, sampler, data, 20_000));
    assertThat(found[0]).isCloseTo(0.5, within(0.012));
    assertThat(Math.sqrt(found[1])).isCloseTo(0.3, within(0.009));
  }

  /** Of standard normal data, a step multiplies by the cosine of an angle. */
  @Test
  void aStepOfDdimIsARotation() {
    NoiseSchedule schedule = TRAINED.respaced(10);
    Sampler sampler =
        new DdimSampler(process(10, Prediction.VELOCITY, Variance.FIXED_SMALL), 0, false);
    for (int step = 0; step < 10; step++) {
      double angle = Math.acos(Math.sqrt(schedule.alphaBar(step)));
      double before = Math.acos(Math.sqrt(schedule.alphaBarBefore(step)));
      Transition to = sampler.transition(step);
      double clean = schedule.signalRate(step); // E[x_0 | x_t = 1]
      assertThat(to.ofClean() * clean + to.ofNoisy())
          .isCloseTo(Math.cos(angle - before), within(1e-9));
      assertThat(to.isNoisy()).isFalse();
    }
  }

  @Test
  void ddimWithAllItsNoiseIsDdpm() {
    DiffusionProcess process = process(30, Prediction.EPSILON, Variance.FIXED_SMALL);
    for (int step = 0; step < 30; step++) {
      Transition ddim = new DdimSampler(process, 1, false).transition(step);
      Transition ddpm = new DdpmSampler(process, false).transition(step);
      assertThat(ddim.ofClean()).isCloseTo(ddpm.ofClean(), within(1e-9));
      assertThat(ddim.ofNoisy()).isCloseTo(ddpm.ofNoisy(), within(1e-9));
      assertThat(ddim.deviation()).isCloseTo(ddpm.deviation(), within(1e-9));
      assertThat(ddpm.isNoisy()).isEqualTo(step > 0);
    }
  }

  static Stream<Sampler> samplers() {
    DiffusionProcess learned = process(6, Prediction.EPSILON, Variance.LEARNED_RANGE);
    DiffusionProcess small = process(6, Prediction.VELOCITY, Variance.FIXED_SMALL);
    return Stream.of(
        new DdpmSampler(learned, false),
        new DdpmSampler(small, true),
        new DdimSampler(small, 1, false));
  }

  static Stream<Arguments> samplersOnCandidates() {
    return samplers().flatMap(s -> candidates().map(on -> Arguments.of(on, s)));
  }

  @ParameterizedTest
  @MethodSource("samplersOnCandidates")
  void aSampleIsTheSameInEveryBatch(Candidate candidate, Sampler sampler) {
    int width = 3 * 37;
    try (Session session = candidate.open()) {
      float[] together = batch(session, sampler, SEED, 0, 5);
      for (int first : new int[] {0, 1, 3}) {
        float[] some = batch(session, sampler, SEED, first, 2);
        Closeness.assertSameBits(
            "from sample " + first,
            some,
            Arrays.copyOfRange(together, first * width, (first + 2) * width));
      }
      Closeness.assertSameBits("again", batch(session, sampler, SEED, 0, 5), together);
      float[] another = batch(session, sampler, SEED + 1, 0, 5);
      for (int sample = 1; sample < 5; sample++) {
        float[] one = Arrays.copyOfRange(together, sample * width, (sample + 1) * width);
        assertThat(one).isNotEqualTo(Arrays.copyOfRange(together, 0, width));
        assertThat(one)
            .isNotEqualTo(Arrays.copyOfRange(another, sample * width, (sample + 1) * width));
      }
    }
  }

  private static float[] batch(Session session, Sampler sampler, long seed, long first, int count) {
    Tensor x = session.allocate(DType.FLOAT32, Shape.of(count, 3, 37));
    Denoiser data = new GaussianData(TRAINED, sampler.process(), 0.2, 0.7);
    sampler.sample(session, data, x, seed, first, () -> false);
    return x.toFloats();
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void cleanSamplesAreClippedWhereThatIsAskedFor(Candidate candidate) {
    DiffusionProcess process = process(10, Prediction.EPSILON, Variance.FIXED_SMALL);
    Denoiser data = new GaussianData(TRAINED, process, -3, 0);
    assertThat(draw(candidate, new DdpmSampler(process, true), data, 80)).containsOnly(-1f);
    for (float value : draw(candidate, new DdpmSampler(process, false), data, 80)) {
      assertThat(value).isCloseTo(-3, within(1e-4f));
    }
    assertThat(draw(candidate, new DdimSampler(process, 0, true), data, 80)).containsOnly(-1f);
  }

  @ParameterizedTest
  @EnumSource(Variance.class)
  void anInterruptionEndsTheWorkAndGivesMemoryBack(Variance variance) {
    DdpmSampler sampler = new DdpmSampler(process(9, Prediction.EPSILON, variance), false);
    try (Session session = Candidate.all().get(0).open()) {
      Tensor x = session.allocate(DType.FLOAT32, Shape.of(2, 4, 5));
      GaussianData data = new GaussianData(TRAINED, sampler.process(), 0, 1);
      long before = session.allocatedBytes();
      AtomicInteger asked = new AtomicInteger();
      boolean finished =
          sampler.sample(session, data, x, SEED, 0, () -> asked.incrementAndGet() > 4);
      assertThat(finished).isFalse();
      assertThat(data.seen).hasSize(4);
      assertThat(session.allocatedBytes()).isEqualTo(before);
      float[] left = x.toFloats();
      GaussianData again = new GaussianData(TRAINED, sampler.process(), 0, 1);
      assertThat(sampler.sample(session, again, x, SEED, 0, () -> false)).isTrue();
      double mean = moments(left)[0];
      assertThat(again.seen.get(4).mean())
          .as("what step 5 would begin with")
          .isCloseTo(mean, within(1e-6));
    }
  }

  @Test
  void refusesWhatItCannotSample() {
    DiffusionProcess process = process(9, Prediction.EPSILON, Variance.FIXED_SMALL);
    assertThatThrownBy(() -> new DdimSampler(process, 1.5, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("eta is 1.5");
    try (Session session = Candidate.all().get(0).open()) {
      Tensor x = session.allocate(DType.BFLOAT16, Shape.of(2, 4, 5));
      DdpmSampler sampler = new DdpmSampler(process, false);
      assertThatThrownBy(() -> sampler.sample(session, (a, t, b) -> {}, x, SEED, 0, () -> false))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("expected FLOAT32 (B, C, …)");
    }
  }
}
