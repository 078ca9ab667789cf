package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.tensor.Tensor;

/** Activations. */
interface ReferenceActivation extends ActivationKernels {
  @Override
  default void geluForward(Tensor x, Tensor y) {
    double[] values = Values.read(x);
    for (int i = 0; i < values.length; i++) {
      values[i] *= NormalDistribution.cumulative(values[i]);
    }
    Values.write(values, y);
  }

  @Override
  default void geluBackward(Tensor x, Tensor dy, Tensor dx) {
    double[] xs = Values.read(x);
    double[] gradient = Values.read(dy);
    for (int i = 0; i < xs.length; i++) {
      gradient[i] *=
          NormalDistribution.cumulative(xs[i]) + xs[i] * NormalDistribution.density(xs[i]);
    }
    Values.write(gradient, dx);
  }
}
