package dev.autoprog.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.tensor.Rng;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PredictionTest {
  private static final Offset<Double> ROUNDING = within(1e-12);

  @ParameterizedTest
  @ValueSource(doubles = {0.9999, 0.7, 0.25, 0.001})
  void conversionsAgreeWithTheDefinitions(double alphaBar) {
    Rng rng = Rng.of(1, 2);
    double clean = rng.nextGaussian();
    double noise = rng.nextGaussian();
    double signal = Math.sqrt(alphaBar);
    double other = Math.sqrt(1 - alphaBar);
    double noisy = signal * clean + other * noise;
    double velocity = signal * noise - other * clean;
    Prediction eps = Prediction.EPSILON;
    Prediction v = Prediction.VELOCITY;

    assertThat(eps.target(alphaBar).of(clean, noise)).isEqualTo(noise);
    assertThat(v.target(alphaBar).of(clean, noise)).isCloseTo(velocity, ROUNDING);
    assertThat(eps.toClean(alphaBar).of(noisy, noise)).isCloseTo(clean, ROUNDING);
    assertThat(v.toClean(alphaBar).of(noisy, velocity)).isCloseTo(clean, ROUNDING);
    assertThat(eps.fromClean(alphaBar).of(noisy, clean)).isCloseTo(noise, ROUNDING);
    assertThat(v.fromClean(alphaBar).of(noisy, clean)).isCloseTo(velocity, ROUNDING);
    assertThat(eps.to(v, alphaBar).of(noisy, noise)).isCloseTo(velocity, ROUNDING);
    assertThat(v.to(eps, alphaBar).of(noisy, velocity)).isCloseTo(noise, ROUNDING);
  }

  @ParameterizedTest
  @EnumSource(Prediction.class)
  void conversionsThereAndBackChangeNothing(Prediction prediction) {
    double alphaBar = 0.37;
    double noisy = 0.8;
    double given = -1.3;
    double clean = prediction.toClean(alphaBar).of(noisy, given);
    assertThat(prediction.fromClean(alphaBar).of(noisy, clean)).isCloseTo(given, ROUNDING);
    for (Prediction other : Prediction.values()) {
      double there = prediction.to(other, alphaBar).of(noisy, given);
      assertThat(other.to(prediction, alphaBar).of(noisy, there)).isCloseTo(given, ROUNDING);
      assertThat(other.toClean(alphaBar).of(noisy, there)).isCloseTo(clean, ROUNDING);
    }
  }

  @Test
  void variancesLieBetweenTheirBounds() {
    NoiseSchedule schedule = NoiseSchedule.of(0.2, 0.5);
    double small = Math.log(1.0 / 6);
    double large = Math.log(0.5);
    assertThat(Variance.FIXED_SMALL.log(schedule, 1, 9)).isCloseTo(small, ROUNDING);
    assertThat(Variance.FIXED_LARGE.log(schedule, 1, 9)).isCloseTo(large, ROUNDING);
    assertThat(Variance.FIXED_LARGE.log(schedule, 0, 9)).as("step 0").isCloseTo(small, ROUNDING);
    assertThat(Variance.LEARNED_RANGE.log(schedule, 1, -1)).isCloseTo(small, ROUNDING);
    assertThat(Variance.LEARNED_RANGE.log(schedule, 1, 1)).isCloseTo(large, ROUNDING);
    assertThat(Variance.LEARNED_RANGE.log(schedule, 1, 0.5))
        .isCloseTo(0.75 * large + 0.25 * small, ROUNDING);
    assertThat(Variance.LEARNED_RANGE.log(schedule, 0, 1)).isCloseTo(Math.log(0.2), ROUNDING);
  }
}
