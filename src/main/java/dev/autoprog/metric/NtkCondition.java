package dev.autoprog.metric;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;

/**
 * How well gradient descent can tell the samples of a neural tangent kernel Θ apart: {@code κ =
 * λ_max / λ_min} (Xiao et al. 2020; Chen et al. 2021); small is trainable. Where Θ has no such
 * number, this says why, and nothing that looks like one.
 *
 * <p>An eigenvalue below {@code n · 2⁻²³ · λ_max} is rounding: Θ's entries are sums of float32
 * products.
 */
public sealed interface NtkCondition {
  /** Of Θ, ascending. */
  List<Double> eigenvalues();

  /** All eigenvalues are above rounding. */
  record WellConditioned(double kappa, List<Double> eigenvalues) implements NtkCondition {}

  /**
   * Some eigenvalues cannot be told from 0: some samples' gradients are sums of others'.
   *
   * @param rank how many can be
   */
  record RankDeficient(int rank, List<Double> eigenvalues) implements NtkCondition {}

  /**
   * An eigenvalue is negative beyond rounding, which that of a Gram matrix cannot be: Θ is wrong.
   *
   * @param least that eigenvalue
   */
  record NotPositive(double least, List<Double> eigenvalues) implements NtkCondition {}

  /**
   * The condition of Θ.
   *
   * @param theta (n, n), symmetric
   * @throws IllegalArgumentException if it is smaller than 2 × 2, not square, not symmetric or not
   *     finite
   */
  static NtkCondition of(double[][] theta) {
    int n = theta.length;
    if (n < 2) {
      throw new IllegalArgumentException("a kernel of " + n + " sample, expected 2 or more");
    }
    for (int i = 0; i < n; i++) {
      if (theta[i].length != n) {
        throw new IllegalArgumentException(
            n + " rows, but row " + i + " has " + theta[i].length + " elements");
      }
      for (int j = 0; j <= i; j++) {
        if (!Double.isFinite(theta[i][j]) || theta[i][j] != theta[j][i]) {
          throw new IllegalArgumentException(
              "elements ("
                  + i
                  + ", "
                  + j
                  + ") and its mirror are "
                  + theta[i][j]
                  + " and "
                  + theta[j][i]
                  + ", expected equal and finite ones");
        }
      }
    }
    double[] values =
        new EigenDecomposition(new Array2DRowRealMatrix(theta, false)).getRealEigenvalues();
    Arrays.sort(values);
    List<Double> eigenvalues = Arrays.stream(values).boxed().toList();
    double greatest = Math.max(Math.abs(values[0]), values[n - 1]);
    double rounding = n * 0x1p-23 * greatest;
    if (values[0] < -rounding) {
      return new NotPositive(values[0], eigenvalues);
    }
    int rank = (int) Arrays.stream(values).filter(value -> value > rounding).count();
    return rank < n
        ? new RankDeficient(rank, eigenvalues)
        : new WellConditioned(values[n - 1] / values[0], eigenvalues);
  }
}
