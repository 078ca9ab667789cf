package dev.autoprog.kernel.reference;

/** Cubic convolution along one axis (Keys 1981, a = −0.75) as a matrix. */
final class Bicubic {
  private static final double A = -0.75;

  private Bicubic() {}

  /**
   * {@code weights[t][f]}: what sample {@code f} of {@code from} gives to sample {@code t} of
   * {@code to}. Pixel centres lie at half integers; what lies beyond the border counts for the
   * border. Equal sizes give the identity.
   */
  static double[][] weights(int from, int to) {
    double[][] weights = new double[to][from];
    for (int t = 0; t < to; t++) {
      double centre = (t + 0.5) * from / to - 0.5;
      int below = (int) Math.floor(centre);
      for (int tap = below - 1; tap <= below + 2; tap++) {
        weights[t][Math.min(Math.max(tap, 0), from - 1)] += kernel(centre - tap);
      }
    }
    return weights;
  }

  private static double kernel(double distance) {
    double x = Math.abs(distance);
    if (x <= 1) {
      return ((A + 2) * x - (A + 3)) * x * x + 1;
    }
    return x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
  }
}
