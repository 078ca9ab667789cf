package dev.autoprog.diffusion;

/**
 * A sum of two tensors with factors: what the conversions of {@link Prediction} come to.
 *
 * @param first the factor on the first
 * @param second the factor on the second
 */
public record Blend(double first, double second) {
  /** The sum for single numbers. */
  public double of(double x, double y) {
    return first * x + second * y;
  }
}
