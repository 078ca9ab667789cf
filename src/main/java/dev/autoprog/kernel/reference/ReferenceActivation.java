package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ActivationKernels;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** Activations. */
interface ReferenceActivation extends ActivationKernels {
  @Override
  default void geluForward(Gelu gelu, Tensor x, Tensor y, Tensor slope) {
    double[] values = Values.read(x);
    double[] slopes = new double[values.length];
    gelu(gelu, values, slopes);
    Values.write(values, y);
    if (slope != null) {
      Values.write(slopes, slope);
    }
  }

  /** Puts the result in each value's place, and the derivative into {@code slopes}. */
  static void gelu(Gelu gelu, double[] values, double[] slopes) {
    for (int i = 0; i < values.length; i++) {
      double x = values[i];
      double cumulative;
      double density;
      if (gelu == Gelu.ERF) {
        cumulative = NormalDistribution.cumulative(x);
        density = NormalDistribution.density(x);
      } else {
        double tanh = Math.tanh(tanhArgument(x));
        cumulative = 0.5 * (1 + tanh);
        density = 0.5 * (1 - tanh * tanh) * tanhArgumentSlope(x);
      }
      values[i] = x * cumulative;
      slopes[i] = cumulative + x * density;
    }
  }

  /** What the tanh approximation of 2Φ(x) − 1 takes the tanh of. */
  static double tanhArgument(double x) {
    return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
  }

  /** The derivative of that. */
  static double tanhArgumentSlope(double x) {
    return Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
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

  @Override
  default void siluForward(Tensor x, Tensor y) {
    double[] values = Values.read(x);
    for (int i = 0; i < values.length; i++) {
      values[i] *= logistic(values[i]);
    }
    Values.write(values, y);
  }

  @Override
  default void siluBackward(Tensor x, Tensor dy, Tensor dx) {
    double[] values = Values.read(x);
    double[] gradient = Values.read(dy);
    for (int i = 0; i < values.length; i++) {
      double share = logistic(values[i]);
      gradient[i] *= share + values[i] * share * (1 - share);
    }
    Values.write(gradient, dx);
  }

  private static double logistic(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Override
  default void gegluForward(RowsShape shape, Tensor x, Tensor y) {
    int columns = (int) shape.columns();
    double[] values = Values.read(x);
    double[] activated = values.clone();
    gelu(Gelu.ERF, activated, new double[values.length]);
    double[] ys = new double[values.length / 2];
    for (int i = 0; i < ys.length; i++) {
      int a = i / columns * 2 * columns + i % columns;
      ys[i] = values[a] * activated[a + columns];
    }
    Values.write(ys, y);
  }

  @Override
  default void gegluBackward(RowsShape shape, Tensor x, Tensor dy, Tensor dx) {
    int columns = (int) shape.columns();
    double[] values = Values.read(x);
    double[] activated = values.clone();
    double[] slopes = new double[values.length];
    gelu(Gelu.ERF, activated, slopes);
    double[] gradient = Values.read(dy);
    double[] dxs = new double[values.length];
    for (int i = 0; i < gradient.length; i++) {
      int a = i / columns * 2 * columns + i % columns;
      int b = a + columns;
      dxs[a] = gradient[i] * activated[b];
      dxs[b] = gradient[i] * values[a] * slopes[b];
    }
    Values.write(dxs, dx);
  }
}
