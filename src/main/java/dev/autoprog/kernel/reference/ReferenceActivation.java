package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.tensor.Tensor;

/** Activations. */
interface ReferenceActivation extends ActivationKernels {
  @Override
  default void geluForward(Tensor x, Tensor y, Tensor slope) {
    double[] values = Values.read(x);
    double[] slopes = new double[values.length];
    gelu(values, slopes);
    Values.write(values, y);
    if (slope != null) {
      Values.write(slopes, slope);
    }
  }

  /** Puts the result in each value's place, and the derivative into {@code slopes}. */
  static void gelu(double[] values, double[] slopes) {
    for (int i = 0; i < values.length; i++) {
      double x = values[i];
      double cumulative = NormalDistribution.cumulative(x);
      values[i] = x * cumulative;
      slopes[i] = cumulative + x * NormalDistribution.density(x);
    }
  }

  @Override
  default void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    double[] gradient = Values.read(dy);
    double[] slopes = Values.read(slope);
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] *= slopes[i];
    }
    Values.write(gradient, dx);
  }
}
