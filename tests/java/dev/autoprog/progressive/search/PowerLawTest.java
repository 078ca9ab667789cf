package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.tensor.Rng;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PowerLawTest {
  @Property
  void dataOnACurveGiveTheCurve(
      @ForAll @DoubleRange(min = 0.05, max = 20) double a,
      @ForAll @DoubleRange(min = -2, max = 1) double b,
      @ForAll @DoubleRange(min = -4, max = 1) double magnitude,
      @ForAll @IntRange(min = 2, max = 9) int count) {
    double[] seconds = new double[count];
    double[] losses = new double[count];
    double scale = Math.pow(10, magnitude);
    for (int i = 0; i < count; i++) {
      seconds[i] = scale * (1 + 0.35 * i);
      losses[i] = a * Math.pow(seconds[i], b);
    }
    PowerLaw fit = PowerLaw.fit(seconds, losses);
    assertThat(fit.failure()).isEmpty();
    assertThat(fit.b()).isCloseTo(b, within(1e-7));
    assertThat(fit.a() / a).isCloseTo(1, within(1e-6));
    assertThat(fit.w()).isCloseTo(Math.max(-b, 0), within(1e-7));
  }

  @Property(tries = 200)
  void noisyDataAreFittedAsAnExhaustiveSearchFitsThem(
      @ForAll @DoubleRange(min = 0.1, max = 5) double a,
      @ForAll @DoubleRange(min = -1, max = 0.5) double b,
      @ForAll @DoubleRange(min = 0, max = 0.3) double noise,
      @ForAll @IntRange(min = 3, max = 9) int count,
      @ForAll long seed) {
    Rng rng = Rng.of(seed);
    double[] seconds = new double[count];
    double[] losses = new double[count];
    for (int i = 0; i < count; i++) {
      seconds[i] = 0.02 * (1 + i) * (1 + 0.3 * rng.nextDouble());
      losses[i] = a * Math.pow(seconds[i], b) * (1 + noise * (2 * rng.nextDouble() - 1));
    }
    PowerLaw fit = PowerLaw.fit(seconds, losses);
    double expected = exhaustiveExponent(seconds, losses);
    assertThat(fit.failure()).isEmpty();
    assertThat(fit.b()).isCloseTo(expected, within(1e-5));
    double atOne = factor(seconds, losses, expected);
    assertThat(fit.a() / atOne).isCloseTo(1, within(1e-4));
  }

  /** Not the straight line through the logarithms: that is only where the fit starts. */
  @Test
  void theLeastSquaresAreThoseOfLossesNotOfTheirLogarithms() {
    double[] seconds = {0.1, 0.2, 0.4};
    double[] losses = {2, 0.5, 0.4};
    double slope = Math.log(losses[2] / losses[0]) / Math.log(seconds[2] / seconds[0]);
    PowerLaw fit = PowerLaw.fit(seconds, losses);
    assertThat(slope).isCloseTo(-1.161, within(1e-3));
    assertThat(fit.b())
        .isCloseTo(exhaustiveExponent(seconds, losses), within(1e-6))
        .isLessThan(slope - 0.3);
  }

  @Test
  void lossThatDoesNotFallWithTimeGivesTimeNoWeight() {
    PowerLaw fit = PowerLaw.fit(new double[] {1, 2, 3}, new double[] {1, 1.1, 1.3});
    assertThat(fit.failure()).isEmpty();
    assertThat(fit.b()).isPositive();
    assertThat(fit.w()).isZero();
  }

  @Test
  void degenerateDataHaveNoFitAndSaySo() {
    double[] seconds = {1, 2, 3};
    assertNone(PowerLaw.fit(seconds, new double[] {1, Double.NaN, 1}), "a loss is not finite");
    assertNone(
        PowerLaw.fit(seconds, new double[] {1, Double.POSITIVE_INFINITY, 1}),
        "a loss is not finite");
    assertNone(PowerLaw.fit(seconds, new double[] {1, 0, 1}), "a loss is not above 0");
    assertNone(PowerLaw.fit(seconds, new double[] {1, -2, 1}), "a loss is not above 0");
    assertNone(
        PowerLaw.fit(new double[] {0.3, 0.30029, 0.3}, new double[] {3, 2, 1}),
        "all step times are equal");
    assertNone(
        PowerLaw.fit(seconds, new double[] {3, 1, 2.5}, 1),
        "the fit did not converge in 1 iterations");
    assertNone(
        PowerLaw.fit(new double[] {1e-3, 1.002e-3}, new double[] {2, 1}),
        "the fitted curve is too steep to be written down");
  }

  private static void assertNone(PowerLaw fit, String failure) {
    assertThat(fit).isEqualTo(new PowerLaw(Double.NaN, Double.NaN, failure));
    assertThat(fit.w()).isZero();
  }

  /** b by trying them all: for each, the best a is linear least squares; finer and finer. */
  private static double exhaustiveExponent(double[] seconds, double[] losses) {
    double centre = 0;
    for (double step = 0.01; step > 1e-8; step /= 50) {
      double best = centre;
      for (int i = -1000; i <= 1000; i++) {
        double b = centre + i * step;
        if (error(seconds, losses, b) < error(seconds, losses, best)) {
          best = b;
        }
      }
      centre = best;
    }
    return centre;
  }

  private static double factor(double[] seconds, double[] losses, double b) {
    double product = 0;
    double square = 0;
    for (int i = 0; i < seconds.length; i++) {
      double power = Math.pow(seconds[i], b);
      product += losses[i] * power;
      square += power * power;
    }
    return product / square;
  }

  private static double error(double[] seconds, double[] losses, double b) {
    double a = factor(seconds, losses, b);
    double sum = 0;
    for (int i = 0; i < seconds.length; i++) {
      double difference = losses[i] - a * Math.pow(seconds[i], b);
      sum += difference * difference;
    }
    return sum;
  }
}
