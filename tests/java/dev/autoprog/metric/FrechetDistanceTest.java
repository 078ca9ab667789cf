package dev.autoprog.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.autoprog.testing.RandomData;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.correlation.Covariance;
import org.junit.jupiter.api.Test;

class FrechetDistanceTest {
  private static FeatureStatistics of(int width, float... features) {
    FeatureStatistics statistics = new FeatureStatistics(width);
    statistics.add(features);
    return statistics;
  }

  /** n vectors x = m + A z, z normal. */
  private static float[] features(RandomData data, int n, int width, double mean, float[] a) {
    float[] z = data.gaussian((long) n * width);
    float[] x = new float[n * width];
    for (int row = 0; row < n; row++) {
      for (int i = 0; i < width; i++) {
        double sum = mean;
        for (int j = 0; j < width; j++) {
          sum += a[i * width + j] * z[row * width + j];
        }
        x[row * width + i] = (float) sum;
      }
    }
    return x;
  }

  @Test
  void statisticsAreCommonsMaths() {
    RandomData data = RandomData.of("features");
    float[] x = features(data, 57, 5, 1000, data.gaussian(25));
    double[][] rows = new double[57][5];
    for (int i = 0; i < x.length; i++) {
      rows[i / 5][i % 5] = x[i];
    }
    FeatureStatistics statistics = new FeatureStatistics(5);
    statistics.add(java.util.Arrays.copyOfRange(x, 0, 35));
    statistics.add(java.util.Arrays.copyOfRange(x, 35, x.length));
    RealMatrix expected = new Covariance(rows).getCovarianceMatrix();
    assertThat(statistics.covariance().subtract(expected).getFrobeniusNorm())
        .isLessThan(1e-9 * expected.getFrobeniusNorm());
    assertThat(statistics.count()).isEqualTo(57);
    for (int i = 0; i < 5; i++) {
      assertThat(statistics.mean()[i])
          .isCloseTo(
              new Array2DRowRealMatrix(rows).getColumnVector(i).getL1Norm() / 57, offset(1e-9));
    }
  }

  /** Of one dimension it is (μ₁ − μ₂)² + (σ₁ − σ₂)². */
  @Test
  void ofOneDimensionItIsTheDifferencesOfMeansAndDeviations() {
    FeatureStatistics one = of(1, 1, 3); // mean 2, variance 2
    FeatureStatistics two = of(1, 10, 16); // mean 13, variance 18
    double expected = 121 + Math.pow(Math.sqrt(18) - Math.sqrt(2), 2);
    assertThat(FrechetDistance.between(one, two)).isCloseTo(expected, offset(1e-12));
  }

  /** With tr (Σ₁Σ₂)^½ by the iteration of Denman and Beavers, which needs no symmetry. */
  @Test
  void ofSeveralDimensionsItIsTheFormula() {
    RandomData data = RandomData.of("frechet");
    int width = 6;
    FeatureStatistics one = of(width, features(data, 200, width, 0, data.gaussian(36)));
    FeatureStatistics two = of(width, features(data, 90, width, 0.5, data.gaussian(36)));
    RealMatrix product = one.covariance().multiply(two.covariance());
    double squares = 0;
    for (int i = 0; i < width; i++) {
      squares += Math.pow(one.mean()[i] - two.mean()[i], 2);
    }
    double expected =
        squares
            + one.covariance().getTrace()
            + two.covariance().getTrace()
            - 2 * squareRoot(product).getTrace();
    assertThat(FrechetDistance.between(one, two)).isCloseTo(expected, offset(1e-6 * expected));
    assertThat(FrechetDistance.between(two, one)).isCloseTo(expected, offset(1e-6 * expected));
  }

  private static RealMatrix squareRoot(RealMatrix matrix) {
    RealMatrix y = matrix;
    RealMatrix z =
        org.apache.commons.math3.linear.MatrixUtils.createRealIdentityMatrix(
            matrix.getRowDimension());
    for (int i = 0; i < 60; i++) {
      RealMatrix next = y.add(inverse(z)).scalarMultiply(0.5);
      z = z.add(inverse(y)).scalarMultiply(0.5);
      y = next;
    }
    assertThat(y.multiply(y).subtract(matrix).getFrobeniusNorm())
        .isLessThan(1e-8 * matrix.getFrobeniusNorm());
    return y;
  }

  private static RealMatrix inverse(RealMatrix matrix) {
    return new LUDecomposition(matrix).getSolver().getInverse();
  }

  /** Fewer vectors than dimensions: a covariance without an inverse. */
  @Test
  void toItselfItIsZero() {
    RandomData data = RandomData.of("frechet self");
    FeatureStatistics few = of(40, features(data, 12, 40, 3, data.gaussian(1600)));
    assertThat(FrechetDistance.between(few, few))
        .isCloseTo(0, offset(1e-5 * few.covariance().getTrace()));
  }

  @Test
  void whatIsNoFeatureIsRefused() {
    FeatureStatistics statistics = new FeatureStatistics(3);
    assertThatThrownBy(() -> statistics.add(new float[4])).hasMessageContaining("vectors of 3");
    assertThatThrownBy(() -> statistics.add(new float[] {0, Float.NaN, 1}))
        .hasMessageContaining("feature 1 of a vector is NaN");
    assertThatThrownBy(() -> of(1, 1).covariance()).hasMessageContaining("of 1 vectors");
    assertThatThrownBy(() -> FrechetDistance.between(of(1, 1, 2), of(2, 1, 2, 3, 5)))
        .hasMessageContaining("width 1 and 2");
  }
}
