package dev.autoprog.kernel.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormalDistributionTest {
  private static final double PERCENT = 1e-10;

  /** Both ways of computing, and the place where one takes over from the other (−2√2). */
  @ParameterizedTest
  @CsvSource({
    "0, 0.5",
    "-1, 0.15865525393145705",
    "1, 0.8413447460685429",
    "-2, 0.022750131948179207",
    "-3, 0.0013498980316300945",
    "3, 0.9986501019683699",
    "-5, 2.866515718791939e-7",
    "-10, 7.619853024160526e-24",
    "-20, 2.7536241186062337e-89",
    "9, 1"
  })
  void cumulativeIsAccurateInBothTails(double x, double expected) {
    assertThat(NormalDistribution.cumulative(x)).isCloseTo(expected, withinPercentage(PERCENT));
  }

  @Test
  void bothWaysMeetWhereOneTakesOver() {
    double border = -2 * Math.sqrt(2);
    double step = 1e-7;
    double slope =
        (NormalDistribution.cumulative(border + step)
                - NormalDistribution.cumulative(border - step))
            / (2 * step);
    assertThat(slope).isCloseTo(NormalDistribution.density(border), withinPercentage(1e-4));
  }

  @Test
  void theEndsAreExact() {
    assertThat(NormalDistribution.cumulative(Double.NEGATIVE_INFINITY)).isZero();
    assertThat(NormalDistribution.cumulative(Double.POSITIVE_INFINITY)).isEqualTo(1);
    assertThat(NormalDistribution.cumulative(Double.NaN)).isNaN();
    assertThat(NormalDistribution.density(Double.POSITIVE_INFINITY)).isZero();
  }
}
