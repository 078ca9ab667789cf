package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.tensor.Tensor;

/** Activations. */
interface ReferenceActivation extends ActivationKernels {
  @Override
  default void geluForward(Tensor x, Tensor y, Tensor slope) {
    double[] xs = Values.read(x);
    double[] ys = new double[xs.length];
    double[] slopes = new double[xs.length];
    for (int i = 0; i < xs.length; i++) {
      double cumulative = NormalDistribution.cumulative(xs[i]);
      ys[i] = xs[i] * cumulative;
      slopes[i] = cumulative + xs[i] * NormalDistribution.density(xs[i]);
    }
    Values.write(ys, y);
    if (slope != null) {
      Values.write(slopes, slope);
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
