package dev.autoprog.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MixupTest {
  private static final int SAMPLES = 20_000;

  /** Mean ½, variance 1/(4(2α + 1)), and the same on both sides. */
  @ParameterizedTest
  @ValueSource(doubles = {1e-6, 0.1, 0.2, 0.8, 1, 2.5, 1000})
  void lambdaIsOfTheBetaDistribution(double alpha) {
    Mixup mixup = new Mixup(alpha, 0, 1, 0.5);
    double sum = 0;
    double squares = 0;
    int low = 0;
    for (int i = 0; i < SAMPLES; i++) {
      Mix mix = mixup.draw(3, 1, i, 7);
      double lambda = mix.targetLambda();
      assertThat(lambda).isBetween(0.0, 1.0);
      sum += lambda;
      squares += lambda * lambda;
      low += lambda < 0.5 ? 1 : 0;
    }
    double mean = sum / SAMPLES;
    double variance = 1 / (4 * (2 * alpha + 1));
    double error = Math.sqrt(variance / SAMPLES);
    assertThat(mean).isCloseTo(0.5, within(5 * error));
    assertThat(squares / SAMPLES - mean * mean).isCloseTo(variance, within(0.05 * variance));
    assertThat((double) low / SAMPLES).isCloseTo(0.5, within(0.02));
  }

  /** Beta(1, 1) is uniform, Beta(½, ½) the arcsine distribution. */
  @Test
  void quantilesAreThoseOfKnownDistributions() {
    int belowTenth = 0;
    int belowArcsine = 0;
    for (int i = 0; i < SAMPLES; i++) {
      belowTenth += new Mixup(1, 0, 1, 0).draw(5, 0, i, 8).lambda() < 0.1 ? 1 : 0;
      belowArcsine += new Mixup(0.5, 0, 1, 0).draw(5, 0, i, 8).lambda() < 0.1 ? 1 : 0;
    }
    double arcsine = 2 / Math.PI * Math.asin(Math.sqrt(0.1));
    assertThat((double) belowTenth / SAMPLES).isCloseTo(0.1, within(0.01));
    assertThat((double) belowArcsine / SAMPLES).isCloseTo(arcsine, within(0.015));
  }

  @Property
  void mixupTakesTheWholeImageAndTargetsByTheSameShare(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 600) int side) {
    Mix mix = new Mixup(0.8, 0, 1, 1).draw(seed, 2, 3, side);
    assertThat(mix).isEqualTo(new Mix(0, 0, side, side, mix.lambda(), mix.lambda()));
  }

  @Property
  void cutmixCopiesABoxAndTargetsFollowItsArea(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 600) int side,
      @ForAll @DoubleRange(min = 0.1, max = 5) double alpha) {
    Mix mix = new Mixup(0, alpha, 1, 0).draw(seed, 2, 3, side);
    assertThat(mix.lambda()).isZero();
    assertThat(mix.top()).isNotNegative();
    assertThat(mix.left()).isNotNegative();
    assertThat(mix.height()).isNotNegative();
    assertThat(mix.width()).isNotNegative();
    assertThat(mix.top() + mix.height()).isLessThanOrEqualTo(side);
    assertThat(mix.left() + mix.width()).isLessThanOrEqualTo(side);
    assertThat((double) mix.targetLambda())
        .isCloseTo(1 - (double) mix.height() * mix.width() / side / side, within(1e-7));
    assertThat(mix.isNone()).isEqualTo(mix.height() == 0 || mix.width() == 0);
  }

  /** Where the border cuts nothing off, the box is a square of 1 − λ of the area. */
  @Test
  void aWholeBoxHasTheAreaOfWhatMixupWouldTake() {
    int whole = 0;
    for (int i = 0; i < 1000; i++) {
      Mix cut = new Mixup(0, 1, 1, 0).draw(1, 2, i, 100);
      int half = (int) (100 * Math.sqrt(1 - new Mixup(1, 0, 1, 0).draw(1, 2, i, 100).lambda())) / 2;
      if (cut.top() > 0
          && cut.left() > 0
          && cut.top() + cut.height() < 100
          && cut.left() + cut.width() < 100) {
        whole++;
        assertThat(cut.height()).isCloseTo(2 * half, within(2));
        assertThat(cut.width()).isEqualTo(cut.height());
      } else {
        assertThat(cut.height()).isLessThanOrEqualTo(2 * half + 2);
      }
    }
    assertThat(whole).isBetween(150, 700);
  }

  @Test
  void batchesAreMixedAndSwitchedAsOftenAsAskedFor() {
    Mixup mixup = new Mixup(0.8, 1, 0.6, 0.25);
    int mixed = 0;
    int cut = 0;
    for (int i = 0; i < SAMPLES; i++) {
      Mix mix = mixup.draw(1, i % 50, i / 50, 224);
      mixed += mix.equals(Mix.NONE) ? 0 : 1;
      cut += mix.lambda() == 0 ? 1 : 0;
    }
    assertThat((double) mixed / SAMPLES).isCloseTo(0.6, within(0.02));
    assertThat((double) cut / mixed).isCloseTo(0.25, within(0.02));
  }

  @Test
  void eachBatchOfEachEpochHasItsOwn() {
    Mixup mixup = new Mixup(0.8, 0, 1, 0);
    Set<Float> lambdas = new HashSet<>();
    for (int seed = 0; seed < 5; seed++) {
      for (int epoch = 0; epoch < 5; epoch++) {
        for (int number = 0; number < 5; number++) {
          Mix mix = mixup.draw(seed, epoch, number, 32);
          assertThat(mixup.draw(seed, epoch, number, 32)).isEqualTo(mix);
          lambdas.add(mix.lambda());
        }
      }
    }
    assertThat(lambdas).hasSize(125);
  }

  @Property
  void oneDecisionDoesNotDependOnTheOthers(@ForAll long seed) {
    Mix always = new Mixup(0.8, 1, 1, 0.5).draw(seed, 0, 0, 64);
    Mix sometimes = new Mixup(0.8, 1, 0.5, 0.5).draw(seed, 0, 0, 64);
    assertThat(sometimes).isIn(always, Mix.NONE);
    Mix mixup = new Mixup(0.8, 0, 1, 0.5).draw(seed, 0, 0, 64);
    Mix cutmix = new Mixup(0, 1, 1, 0.5).draw(seed, 0, 0, 64);
    assertThat(always).isIn(mixup, cutmix);
  }

  @Property
  void nothingIsMixedWhereNothingIsAskedFor(@ForAll long seed) {
    assertThat(Mixup.NONE.draw(seed, 0, 0, 32).isNone()).isTrue();
    assertThat(new Mixup(0, 0, 1, 1).draw(seed, 0, 0, 32).isNone()).isTrue();
    assertThat(new Mixup(1, 1, 0, 1).draw(seed, 0, 0, 32).isNone()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 0, 1, 0.5, mixupAlpha",
    "1e-7, 0, 1, 0.5, mixupAlpha",
    "0, 1001, 1, 0.5, cutmixAlpha",
    "0, NaN, 1, 0.5, cutmixAlpha",
    "0, 0, 1.1, 0.5, probability",
    "0, 0, 1, -0.1, switchProbability"
  })
  void refusesWhatIsOutOfRange(
      double mixup, double cutmix, double probability, double switching, String name) {
    assertThatThrownBy(() -> new Mixup(mixup, cutmix, probability, switching))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name);
  }
}
