package dev.autoprog.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.metric.NtkCondition.NotPositive;
import dev.autoprog.metric.NtkCondition.RankDeficient;
import dev.autoprog.metric.NtkCondition.WellConditioned;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class NtkConditionTest {
  @Test
  void kappaOfAMatrixWhoseEigenvaluesAreKnown() {
    // 2 ± 1
    NtkCondition condition = NtkCondition.of(new double[][] {{2, 1}, {1, 2}});
    assertThat(condition)
        .asInstanceOf(InstanceOfAssertFactories.type(WellConditioned.class))
        .satisfies(well -> assertThat(well.kappa()).isCloseTo(3, within(1e-12)));
    assertThat(condition.eigenvalues().get(0)).isCloseTo(1, within(1e-12));
    assertThat(condition.eigenvalues().get(1)).isCloseTo(3, within(1e-12));
  }

  @Test
  void equalSamplesHaveNoKappa() {
    NtkCondition condition = NtkCondition.of(new double[][] {{4, 4, 2}, {4, 4, 2}, {2, 2, 5}});
    assertThat(condition)
        .asInstanceOf(InstanceOfAssertFactories.type(RankDeficient.class))
        .extracting(RankDeficient::rank)
        .isEqualTo(2);
  }

  @Test
  void nothingHasRankZero() {
    assertThat(NtkCondition.of(new double[2][2]))
        .asInstanceOf(InstanceOfAssertFactories.type(RankDeficient.class))
        .extracting(RankDeficient::rank)
        .isEqualTo(0);
  }

  /** float32 cannot tell 1e-8 of the largest eigenvalue from nothing, on either side. */
  @Test
  void roundingIsNoEigenvalue() {
    for (double least : new double[] {1e-8, -1e-8}) {
      assertThat(NtkCondition.of(new double[][] {{1, 0}, {0, least}}))
          .isInstanceOf(RankDeficient.class);
    }
    assertThat(NtkCondition.of(new double[][] {{1, 0}, {0, 1e-6}}))
        .isInstanceOf(WellConditioned.class);
  }

  @Test
  void aNegativeEigenvalueIsSaid() {
    assertThat(NtkCondition.of(new double[][] {{1, 2}, {2, 1}}))
        .asInstanceOf(InstanceOfAssertFactories.type(NotPositive.class))
        .satisfies(not -> assertThat(not.least()).isCloseTo(-1, within(1e-12)));
  }

  @Test
  void whatIsNoKernelIsRefused() {
    assertThatThrownBy(() -> NtkCondition.of(new double[][] {{1}}))
        .hasMessageContaining("1 sample, expected 2 or more");
    assertThatThrownBy(() -> NtkCondition.of(new double[][] {{1, 2, 3}, {2, 1, 4}}))
        .hasMessageContaining("2 rows, but row 0 has 3");
    assertThatThrownBy(() -> NtkCondition.of(new double[][] {{1, 2}, {3, 1}}))
        .hasMessageContaining("elements (1, 0) and its mirror are 3.0 and 2.0");
    assertThatThrownBy(() -> NtkCondition.of(new double[][] {{1, Double.NaN}, {Double.NaN, 1}}))
        .hasMessageContaining("expected equal and finite ones");
  }
}
