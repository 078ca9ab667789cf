package dev.autoprog.kernel.reference;

/**
 * The variational bound's part for one number of one sample, in nats, and its derivative by the log
 * variance of the model.
 *
 * @param value KL divergence, or negative log likelihood
 * @param slope its derivative
 */
record VariationalBound(double value, double slope) {
  private static final double LEAST = 1e-12;
  private static final double HALF_STEP = 1 / 255.0;

  /** Of two Gaussians whose means are {@code distance} apart. */
  static VariationalBound divergence(double distance, double trueLogVariance, double logVariance) {
    double spread = Math.exp(trueLogVariance - logVariance);
    double square = distance * distance * Math.exp(-logVariance);
    return new VariationalBound(
        0.5 * (-1 + logVariance - trueLogVariance + spread + square), 0.5 * (1 - spread - square));
  }

  /**
   * Of the Gaussian's integral over the step around {@code x}; without end where x lies at an end
   * of [−1, 1]. The integral is that of the lower tail, so that no digits are lost in the upper.
   */
  static VariationalBound likelihood(double x, double mean, double logVariance) {
    double inverse = Math.exp(-0.5 * logVariance);
    if (x < -0.999) {
      return tail((x - mean + HALF_STEP) * inverse);
    }
    if (x > 0.999) {
      return tail(-(x - mean - HALF_STEP) * inverse);
    }
    double away = -Math.abs(x - mean);
    double upper = (away + HALF_STEP) * inverse;
    double lower = (away - HALF_STEP) * inverse;
    double probability = cumulative(upper) - cumulative(lower);
    return of(probability, density(upper) * upper - density(lower) * lower);
  }

  private static VariationalBound tail(double z) {
    return of(cumulative(z), density(z) * z);
  }

  /** By the log variance, z = …/σ has the derivative −z/2. */
  private static VariationalBound of(double probability, double densities) {
    return probability < LEAST
        ? new VariationalBound(-Math.log(LEAST), 0)
        : new VariationalBound(-Math.log(probability), 0.5 * densities / probability);
  }

  /** Φ(z) as the tanh approximation has it. */
  private static double cumulative(double z) {
    return 1 / (1 + Math.exp(-2 * ReferenceActivation.tanhArgument(z)));
  }

  private static double density(double z) {
    double c = cumulative(z);
    return c * cumulative(-z) * 2 * ReferenceActivation.tanhArgumentSlope(z);
  }
}
