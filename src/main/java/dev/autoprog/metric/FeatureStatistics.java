package dev.autoprog.metric;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * Mean and covariance of feature vectors, gathered batch by batch in float64 (Chan et al. 1983, so
 * that features far from zero lose nothing).
 */
public final class FeatureStatistics {
  private final int width;
  private final double[] mean;
  private final double[][] products; // Σ (x − mean)(x − mean)ᵀ
  private long count;

  /** Statistics of nothing yet, of vectors of this width. */
  public FeatureStatistics(int width) {
    if (width < 1) {
      throw new IllegalArgumentException("a width of " + width + ", expected 1 or more");
    }
    this.width = width;
    this.mean = new double[width];
    this.products = new double[width][width];
  }

  /**
   * Takes a batch in.
   *
   * @param features (B, width), row by row
   * @throws IllegalArgumentException if that is no whole number of vectors, or one is not finite
   */
  public void add(float[] features) {
    if (features.length == 0 || features.length % width != 0) {
      throw new IllegalArgumentException(
          features.length + " numbers, expected vectors of " + width);
    }
    double[] delta = new double[width];
    for (int row = 0; row < features.length; row += width) {
      count++;
      for (int i = 0; i < width; i++) {
        double x = features[row + i];
        if (!Double.isFinite(x)) {
          throw new IllegalArgumentException("feature " + i + " of a vector is " + x);
        }
        delta[i] = x - mean[i];
        mean[i] += delta[i] / count;
      }
      double weight = (count - 1.0) / count;
      for (int i = 0; i < width; i++) {
        double scaled = weight * delta[i];
        for (int j = 0; j <= i; j++) {
          products[i][j] += scaled * delta[j];
        }
      }
    }
  }

  /** How many vectors there were. */
  public long count() {
    return count;
  }

  /** How wide each is. */
  public int width() {
    return width;
  }

  /** The mean. */
  public double[] mean() {
    return Arrays.copyOf(mean, width);
  }

  /**
   * The unbiased covariance.
   *
   * @throws IllegalStateException of fewer than two vectors
   */
  public RealMatrix covariance() {
    if (count < 2) {
      throw new IllegalStateException("a covariance of " + count + " vectors, expected 2 or more");
    }
    RealMatrix covariance = new Array2DRowRealMatrix(width, width);
    for (int i = 0; i < width; i++) {
      for (int j = 0; j <= i; j++) {
        double value = products[i][j] / (count - 1);
        covariance.setEntry(i, j, value);
        covariance.setEntry(j, i, value);
      }
    }
    return covariance;
  }
}
