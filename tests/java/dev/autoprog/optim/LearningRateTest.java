package dev.autoprog.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LearningRateTest {
  private final LearningRate rate = LearningRate.cosine(1e-3, 1e-5, 10, 110, 1);

  @Test
  void itRisesLinearlyToThePeak() {
    assertThat(rate.at(0)).isCloseTo(1e-4, within(1e-12));
    assertThat(rate.at(4)).isCloseTo(5e-4, within(1e-12));
    assertThat(rate.at(9)).isCloseTo(1e-3, within(1e-12));
  }

  @Test
  void itFallsByHalfACosineToTheFloor() {
    assertThat(rate.at(10)).isCloseTo(1e-3, within(1e-12));
    assertThat(rate.at(60)).isCloseTo((1e-3 + 1e-5) / 2, within(1e-12));
    assertThat(rate.at(110)).isCloseTo(1e-5, within(1e-12));
    assertThat(rate.at(1000)).isCloseTo(1e-5, within(1e-12));
    for (long step = 10; step < 110; step++) {
      assertThat(rate.at(step + 1)).isLessThan(rate.at(step));
    }
  }

  @Test
  void withoutWarmupItBeginsAtThePeak() {
    assertThat(LearningRate.cosine(1e-3, 0, 0, 100, 1).at(0)).isEqualTo(1e-3);
  }

  @ParameterizedTest
  @ValueSource(longs = {50, 51, 100, Long.MAX_VALUE})
  void ofAShortRunHalfIsTheRise(long warmup) {
    LearningRate brief = LearningRate.cosine(1e-3, 1e-5, warmup, 100, 1);
    assertThat(brief.at(49)).isEqualTo(1e-3);
    assertThat(brief.at(75)).isCloseTo((1e-3 + 1e-5) / 2, within(1e-12));
    assertThat(brief.at(100)).isCloseTo(1e-5, within(1e-12));
    assertThat(LearningRate.cosine(1e-3, 1e-5, warmup, 1, 1).at(0)).isEqualTo(1e-3);
  }

  @Test
  void withAPlateauItFallsOverTheLastShareOnly() {
    LearningRate plateau = LearningRate.cosine(1e-3, 1e-5, 10, 110, 0.3);
    for (long step = 10; step <= 80; step++) {
      assertThat(plateau.at(step)).isEqualTo(1e-3);
    }
    assertThat(plateau.at(81)).isLessThan(1e-3);
    assertThat(plateau.at(95)).isCloseTo((1e-3 + 1e-5) / 2, within(1e-12));
    assertThat(plateau.at(110)).isCloseTo(1e-5, within(1e-12));
    assertThat(plateau.at(9)).isEqualTo(rate.at(9));
  }
}
