package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ModulationKernels;
import dev.autoprog.kernel.ModulationShape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/** Modulation of tokens; the backward kernels take the statistics that the forward saved. */
interface ReferenceModulation extends ModulationKernels {
  @Override
  default void modulatedNormForward(
      ModulationShape shape,
      int shift,
      int scale,
      float epsilon,
      Tensor x,
      Tensor modulation,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    int width = (int) shape.width();
    double[] xs = Values.read(x);
    double[] m = Values.read(modulation);
    double[] means = new double[xs.length / width];
    double[] rstds = new double[means.length];
    double[] ys = new double[xs.length];
    for (int r = 0; r < means.length; r++) {
      for (int c = 0; c < width; c++) {
        means[r] += xs[r * width + c] / width;
      }
      double variance = 0;
      for (int c = 0; c < width; c++) {
        variance += Math.pow(xs[r * width + c] - means[r], 2) / width;
      }
      rstds[r] = 1 / Math.sqrt(variance + epsilon);
      for (int c = 0; c < width; c++) {
        int at = r * width + c;
        ys[at] = (xs[at] - means[r]) * rstds[r] * (1 + m[of(shape, scale, at)]);
        ys[at] += m[of(shape, shift, at)];
      }
    }
    Values.write(ys, y);
    Values.write(means, mean);
    Values.write(rstds, rstd);
  }

  /** The gradient of a layer norm, see {@link ReferenceLayerNorm}, with the gain 1 + scale. */
  @Override
  default void modulatedNormBackward(
      ModulationShape shape,
      int shift,
      int scale,
      Tensor x,
      Tensor modulation,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx,
      Tensor dModulation) {
    int width = (int) shape.width();
    double[] normalised = Values.read(x);
    double[] m = Values.read(modulation);
    double[] means = Values.read(mean);
    double[] rstds = Values.read(rstd);
    double[] dys = Values.read(dy);
    for (int i = 0; i < normalised.length; i++) {
      normalised[i] = (normalised[i] - means[i / width]) * rstds[i / width];
    }
    if (dx != null) {
      double[] dxs = base == null ? new double[dys.length] : Values.read(base);
      for (int r = 0; r < means.length; r++) {
        double meanD = 0;
        double meanDx = 0;
        for (int i = r * width; i < (r + 1) * width; i++) {
          double d = dys[i] * (1 + m[of(shape, scale, i)]);
          meanD += d / width;
          meanDx += d * normalised[i] / width;
        }
        for (int i = r * width; i < (r + 1) * width; i++) {
          double d = dys[i] * (1 + m[of(shape, scale, i)]);
          dxs[i] += rstds[r] * (d - meanD - normalised[i] * meanDx);
        }
      }
      Values.write(dxs, dx);
    }
    if (dModulation != null) {
      double[] products = new double[dys.length];
      for (int i = 0; i < dys.length; i++) {
        products[i] = dys[i] * normalised[i];
      }
      sumInto(shape, shift, dys, dModulation);
      sumInto(shape, scale, products, dModulation);
    }
  }

  @Override
  default void gateForward(
      ModulationShape shape, int gate, Tensor x, Tensor branch, Tensor modulation, Tensor y) {
    double[] values = Values.read(x);
    double[] branches = Values.read(branch);
    double[] m = Values.read(modulation);
    for (int i = 0; i < values.length; i++) {
      values[i] += m[of(shape, gate, i)] * branches[i];
    }
    Values.write(values, y);
  }

  @Override
  default void gateBackward(
      ModulationShape shape,
      int gate,
      Tensor dy,
      Tensor branch,
      Tensor modulation,
      Tensor dBranch,
      Tensor dModulation) {
    double[] gradient = Values.read(dy);
    double[] products = Values.read(branch);
    double[] m = Values.read(modulation);
    for (int i = 0; i < gradient.length; i++) {
      products[i] *= gradient[i];
      gradient[i] *= m[of(shape, gate, i)];
    }
    if (dBranch != null) {
      Values.write(gradient, dBranch);
    }
    if (dModulation != null) {
      sumInto(shape, gate, products, dModulation);
    }
  }

  @Override
  default void addToTokens(ModulationShape shape, Tensor x, Tensor t, Tensor y) {
    double[] values = Values.read(x);
    double[] added = Values.read(t);
    for (int i = 0; i < values.length; i++) {
      values[i] += added[of(shape, 0, i)];
    }
    Values.write(values, y);
  }

  @Override
  default void sumOverTokens(ModulationShape shape, Tensor dy, Tensor dT) {
    sumInto(shape, 0, Values.read(dy), dT);
  }

  /** Where in the modulation lies what chunk {@code chunk} has for element i of the tokens. */
  private static int of(ModulationShape shape, int chunk, int i) {
    int width = (int) shape.width();
    int sample = i / width / (int) shape.tokens();
    return (sample * (int) shape.chunks() + chunk) * width + i % width;
  }

  /** The chunk = the sum of {@code terms} (B, N, C) over N; what else is there stays. */
  private static void sumInto(ModulationShape shape, int chunk, double[] terms, Tensor modulation) {
    double[] sums = Values.read(modulation);
    for (long b = 0; b < shape.batch(); b++) {
      int first = (int) ((b * shape.chunks() + chunk) * shape.width());
      Arrays.fill(sums, first, first + (int) shape.width(), 0);
    }
    for (int i = 0; i < terms.length; i++) {
      sums[of(shape, chunk, i)] += terms[i];
    }
    Values.write(sums, modulation);
  }
}
