package dev.autoprog.metric;

import java.util.Arrays;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * The squared Fréchet distance between two normal distributions, {@code |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ −
 * 2(Σ₁Σ₂)^½)} (Dowson and Landau 1982). Of Inception's features it is the FID (Heusel et al. 2017);
 * of others it is comparable among themselves only, so that a figure names its extractor. Few
 * samples make it larger: compare equal numbers.
 */
public final class FrechetDistance {
  private FrechetDistance() {}

  /**
   * The distance, at least 0.
   *
   * @throws IllegalArgumentException if the features differ in width
   * @throws IllegalStateException of fewer than two vectors
   */
  public static double between(FeatureStatistics first, FeatureStatistics second) {
    if (first.width() != second.width()) {
      throw new IllegalArgumentException(
          "features of width " + first.width() + " and " + second.width());
    }
    double squares = 0;
    double[] a = first.mean();
    double[] b = second.mean();
    for (int i = 0; i < a.length; i++) {
      squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    RealMatrix one = first.covariance();
    RealMatrix two = second.covariance();
    // Σ₁Σ₂ has the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½
    RealMatrix root = squareRoot(one);
    double mixed = Arrays.stream(rootsOfEigenvalues(root.multiply(two).multiply(root))).sum();
    return Math.max(0, squares + one.getTrace() + two.getTrace() - 2 * mixed);
  }

  private static RealMatrix squareRoot(RealMatrix positive) {
    EigenDecomposition parts = new EigenDecomposition(positive);
    double[] roots =
        Arrays.stream(parts.getRealEigenvalues()).map(x -> Math.sqrt(Math.max(0, x))).toArray();
    RealMatrix v = parts.getV();
    return v.multiply(MatrixUtils.createRealDiagonalMatrix(roots)).multiply(v.transpose());
  }

  /** Eigenvalues that rounding put below 0 count as 0. */
  private static double[] rootsOfEigenvalues(RealMatrix almostSymmetric) {
    RealMatrix symmetric = almostSymmetric.add(almostSymmetric.transpose()).scalarMultiply(0.5);
    return Arrays.stream(new EigenDecomposition(symmetric).getRealEigenvalues())
        .map(x -> Math.sqrt(Math.max(0, x)))
        .toArray();
  }
}
