package dev.autoprog.kernel.reference;

/**
 * The standard normal distribution in float64, accurate to about 1e-13 relative, tails included.
 */
final class NormalDistribution {
  private static final int FRACTION_TERMS = 120;

  private NormalDistribution() {}

  /** φ(x). */
  static double density(double x) {
    return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  /** Φ(x) = ½ erfc(−x/√2). */
  static double cumulative(double x) {
    return complementaryError(-x / Math.sqrt(2)) / 2;
  }

  private static double complementaryError(double z) {
    if (z < -6) {
      return 2;
    }
    return z < 2 ? 1 - errorBySeries(z) : complementaryErrorByFraction(z);
  }

  /** erf z = 2/√π·e^(−z²)·Σ 2ⁿz²ⁿ⁺¹/(1·3·…·(2n+1)): terms of one sign, so nothing cancels. */
  private static double errorBySeries(double z) {
    double term = z;
    double sum = z;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 0x1p-60; n++) {
      term *= 2 * z * z / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
  }

  /** erfc z = e^(−z²)/√π · 1/(z + ½/(z + 1/(z + 3⁄2/(z + …)))), Laplace's continued fraction. */
  private static double complementaryErrorByFraction(double z) {
    double denominator = z;
    for (int n = FRACTION_TERMS; n > 0; n--) {
      denominator = z + n / 2.0 / denominator;
    }
    return Math.exp(-z * z) / Math.sqrt(Math.PI) / denominator;
  }
}
