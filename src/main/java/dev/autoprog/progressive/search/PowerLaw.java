package dev.autoprog.progressive.search;

import java.util.Arrays;
import org.apache.commons.math3.exception.MathIllegalStateException;
import org.apache.commons.math3.fitting.leastsquares.LeastSquaresBuilder;
import org.apache.commons.math3.fitting.leastsquares.LevenbergMarquardtOptimizer;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import org.apache.commons.math3.util.Pair;

/**
 * Loss as a power of step time, {@code ℓ = a·T^b}.
 *
 * @param a the loss at one second; NaN if there is no fit
 * @param b negative where slower networks are better; NaN if there is no fit
 * @param failure why there is no fit; empty if there is one
 */
record PowerLaw(double a, double b, String failure) {
  private static final int MAX_ITERATIONS = 1000;

  /** Times that differ by less than this share are one time: nobody measures a step so well. */
  private static final double EQUAL_TIMES = 1e-3;

  /**
   * The least squares fit, by Levenberg and Marquardt from the straight line through logarithms.
   */
  static PowerLaw fit(double[] seconds, double[] losses) {
    return fit(seconds, losses, MAX_ITERATIONS);
  }

  static PowerLaw fit(double[] seconds, double[] losses, int maxIterations) {
    if (!Arrays.stream(losses).allMatch(Double::isFinite)) {
      return none("a loss is not finite");
    }
    if (Arrays.stream(losses).anyMatch(loss -> loss <= 0)) {
      return none("a loss is not above 0");
    }
    double fastest = Arrays.stream(seconds).min().orElseThrow();
    double slowest = Arrays.stream(seconds).max().orElseThrow();
    if (slowest <= fastest * (1 + EQUAL_TIMES)) {
      return none("all step times are equal");
    }
    // in units of their geometric means both are near 1, whatever the machine's speed
    double second = geometricMean(seconds);
    double unit = geometricMean(losses);
    double[] t = Arrays.stream(seconds).map(x -> x / second).toArray();
    double[] y = Arrays.stream(losses).map(x -> x / unit).toArray();
    try {
      RealVector fitted = solve(t, y, maxIterations);
      double b = fitted.getEntry(1);
      double a = unit * fitted.getEntry(0) * Math.pow(second, -b);
      return a > 0 && Double.isFinite(a) && Double.isFinite(b)
          ? new PowerLaw(a, b, "")
          : none("the fitted curve is too steep to be written down");
    } catch (MathIllegalStateException e) {
      return none("the fit did not converge in " + maxIterations + " iterations");
    }
  }

  /** The weight of time against loss, {@code w = max(−b, 0)}; 0 if there is no fit. */
  double w() {
    return b < 0 ? -b : 0;
  }

  private static PowerLaw none(String failure) {
    return new PowerLaw(Double.NaN, Double.NaN, failure);
  }

  private static double geometricMean(double[] values) {
    return Math.exp(Arrays.stream(values).map(Math::log).average().orElseThrow());
  }

  private static RealVector solve(double[] t, double[] y, int maxIterations) {
    SimpleRegression line = new SimpleRegression();
    for (int i = 0; i < t.length; i++) {
      line.addData(Math.log(t[i]), Math.log(y[i]));
    }
    return new LevenbergMarquardtOptimizer()
        .optimize(
            new LeastSquaresBuilder()
                .model(point -> valuesAndSlopes(t, point))
                .target(y)
                .start(new double[] {Math.exp(line.getIntercept()), line.getSlope()})
                .maxEvaluations(maxIterations)
                .maxIterations(maxIterations)
                .build())
        .getPoint();
  }

  /** {@code a·t^b} at every t, and its derivatives by a and by b. */
  private static Pair<RealVector, RealMatrix> valuesAndSlopes(double[] t, RealVector point) {
    double a = point.getEntry(0);
    double b = point.getEntry(1);
    double[] values = new double[t.length];
    double[][] slopes = new double[t.length][2];
    for (int i = 0; i < t.length; i++) {
      double power = Math.pow(t[i], b);
      values[i] = a * power;
      slopes[i][0] = power;
      slopes[i][1] = a * power * Math.log(t[i]);
    }
    return new Pair<>(new ArrayRealVector(values, false), new Array2DRowRealMatrix(slopes, false));
  }
}
