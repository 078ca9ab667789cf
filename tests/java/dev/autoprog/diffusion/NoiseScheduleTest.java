package dev.autoprog.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NoiseScheduleTest {
  private static final Offset<Double> ROUNDING = within(1e-12);

  static List<NoiseSchedule> schedules() {
    return List.of(
        NoiseSchedule.linear(1000),
        NoiseSchedule.linear(21),
        NoiseSchedule.scaledLinear(1000),
        NoiseSchedule.cosine(50),
        NoiseSchedule.linear(1000).respaced(25),
        NoiseSchedule.of(0.3, 0.1));
  }

  @Test
  void theLinearScheduleHasThePublishedEnds() {
    NoiseSchedule schedule = NoiseSchedule.linear(1000);
    assertThat(schedule.beta(0)).isCloseTo(1e-4, ROUNDING);
    assertThat(schedule.beta(999)).isCloseTo(0.02, ROUNDING);
    assertThat(schedule.beta(500)).isCloseTo(1e-4 + 0.0199 * 500 / 999, ROUNDING);
    assertThat(schedule.alphaBar(999)).isCloseTo(4.0358e-5, within(1e-9));
    assertThat(NoiseSchedule.linear(100).beta(0)).isCloseTo(1e-3, ROUNDING);
    assertThat(NoiseSchedule.linear(100).beta(99)).isCloseTo(0.2, ROUNDING);
  }

  @Test
  void theScheduleOfStableDiffusionHasThePublishedEnds() {
    NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000);
    assertThat(schedule.beta(0)).isCloseTo(0.00085, ROUNDING);
    assertThat(schedule.beta(999)).isCloseTo(0.012, ROUNDING);
    double middle = (Math.sqrt(0.00085) * 499 + Math.sqrt(0.012) * 500) / 999;
    assertThat(schedule.beta(500)).isCloseTo(middle * middle, ROUNDING);
    assertThat(schedule.alphaBar(999)).isCloseTo(0.00466, within(1e-5));
  }

  @Test
  void theCosineScheduleFollowsItsFormula() {
    int steps = 200;
    NoiseSchedule schedule = NoiseSchedule.cosine(steps);
    double start = Math.pow(Math.cos(0.008 / 1.008 * Math.PI / 2), 2);
    for (int t = 0; t < steps - 1; t++) {
      double time = (t + 1.0) / steps;
      double alphaBar = Math.pow(Math.cos((time + 0.008) / 1.008 * Math.PI / 2), 2) / start;
      assertThat(schedule.alphaBar(t)).isCloseTo(alphaBar, ROUNDING);
    }
    assertThat(schedule.beta(steps - 1)).as("cut off").isEqualTo(0.999);
  }

  @Test
  void twoStepsAsDoneByHand() {
    NoiseSchedule schedule = NoiseSchedule.of(0.2, 0.5);
    assertThat(schedule.alphaBar(0)).isCloseTo(0.8, ROUNDING);
    assertThat(schedule.alphaBar(1)).isCloseTo(0.4, ROUNDING);
    assertThat(schedule.alphaBarBefore(0)).isEqualTo(1);
    assertThat(schedule.alphaBarBefore(1)).isCloseTo(0.8, ROUNDING);
    assertThat(schedule.signalRate(1)).isCloseTo(Math.sqrt(0.4), ROUNDING);
    assertThat(schedule.noiseRate(1)).isCloseTo(Math.sqrt(0.6), ROUNDING);
    assertThat(schedule.signalToNoise(0)).isCloseTo(4, ROUNDING);
    assertThat(schedule.signalToNoise(1)).isCloseTo(2.0 / 3, ROUNDING);
    assertThat(schedule.posteriorMeanOfClean(1)).isCloseTo(0.5 * Math.sqrt(0.8) / 0.6, ROUNDING);
    assertThat(schedule.posteriorMeanOfNoisy(1)).isCloseTo(0.2 * Math.sqrt(0.5) / 0.6, ROUNDING);
    assertThat(schedule.posteriorVariance(1)).isCloseTo(0.5 * 0.2 / 0.6, ROUNDING);
    assertThat(schedule.posteriorVariance(0)).isZero();
    assertThat(schedule.posteriorLogVariance(0))
        .as("that of step 1")
        .isCloseTo(Math.log(1.0 / 6), ROUNDING);
    assertThat(NoiseSchedule.of(0.3).posteriorLogVariance(0)).isCloseTo(Math.log(0.3), ROUNDING);
  }

  /** What q(x_{t−1} | x_t, x_0) must be for the marginals to be those of the schedule. */
  @ParameterizedTest
  @MethodSource("schedules")
  void thePosteriorLeadsFromOneMarginalToTheOneBefore(NoiseSchedule schedule) {
    for (int t = 0; t < schedule.steps(); t++) {
      double before = schedule.alphaBarBefore(t);
      double ofNoisy = schedule.posteriorMeanOfNoisy(t);
      double mean = schedule.posteriorMeanOfClean(t) + ofNoisy * schedule.signalRate(t);
      assertThat(mean).isCloseTo(Math.sqrt(before), ROUNDING);
      double variance =
          ofNoisy * ofNoisy * (1 - schedule.alphaBar(t)) + schedule.posteriorVariance(t);
      assertThat(variance).isCloseTo(1 - before, ROUNDING);
      if (t > 0) {
        double precision = (1 - schedule.beta(t)) / schedule.beta(t) + 1 / (1 - before);
        assertThat(schedule.posteriorVariance(t) * precision).isCloseTo(1, within(1e-9));
        assertThat(Math.exp(schedule.posteriorLogVariance(t)))
            .isCloseTo(schedule.posteriorVariance(t), ROUNDING);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void respacingToAllStepsIsTheIdentity(NoiseSchedule schedule) {
    NoiseSchedule same = schedule.respaced(schedule.steps());
    assertThat(same).isEqualTo(schedule).hasSameHashCodeAs(schedule);
    for (int t = 0; t < schedule.steps(); t++) {
      assertThat(same.beta(t)).isCloseTo(schedule.beta(t), ROUNDING);
      assertThat(same.timestep(t)).isEqualTo(schedule.timestep(t));
    }
  }

  @Test
  void aRespacedScheduleHasTheNoiseOfTheStepsThatItKeeps() {
    NoiseSchedule all = NoiseSchedule.linear(1000);
    for (int count : new int[] {1, 2, 7, 50, 999}) {
      NoiseSchedule some = all.respaced(count);
      double product = 1;
      for (int i = 0; i < count; i++) {
        product *= 1 - some.beta(i);
        assertThat(some.alphaBar(i)).isEqualTo(all.alphaBar(some.timestep(i)));
        assertThat(product).as("betas of %s", some).isCloseTo(some.alphaBar(i), ROUNDING);
      }
      assertThat(some.timestep(count - 1)).isEqualTo(999);
      assertThat(some).isNotEqualTo(all);
    }
    assertThat(timesteps(all.respaced(4))).containsExactly(0, 333, 666, 999);
    assertThat(timesteps(all.respaced(5))).containsExactly(0, 250, 500, 749, 999);
    assertThat(timesteps(all.respaced(4).respaced(2))).containsExactly(0, 999);
  }

  private static int[] timesteps(NoiseSchedule schedule) {
    return IntStream.range(0, schedule.steps()).map(schedule::timestep).toArray();
  }

  @Test
  void refusesWhatIsNoSchedule() {
    assertRefused("without steps", NoiseSchedule::of);
    assertRefused("beta 1 of 2 is 1.0", () -> NoiseSchedule.of(0.5, 1));
    assertRefused("beta 0 of 1 is 0.0", () -> NoiseSchedule.of(0));
    assertRefused("beta 0 of 1 is NaN", () -> NoiseSchedule.of(Double.NaN));
    assertRefused("beta 19 of 20 is 1.0", () -> NoiseSchedule.linear(20));
    assertRefused("without steps", () -> NoiseSchedule.cosine(0));
    assertRefused("count is 0", () -> NoiseSchedule.linear(100).respaced(0));
    assertRefused("schedule's 100 steps", () -> NoiseSchedule.linear(100).respaced(101));
  }

  private static void assertRefused(String message, Runnable code) {
    assertThatThrownBy(code::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
