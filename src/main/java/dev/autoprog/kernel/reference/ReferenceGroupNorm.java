package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.GroupNormKernels;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.tensor.Tensor;

/** Group norm; the backward kernels take the statistics that the forward saved. */
interface ReferenceGroupNorm extends GroupNormKernels {
  @Override
  default void groupNormForward(
      GroupShape shape,
      float epsilon,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    double[] xs = Values.read(x);
    double[] g = Values.read(gain);
    double[] b = Values.read(bias);
    double[] ys = new double[xs.length];
    double[] means = new double[(int) (shape.batch() * shape.groups())];
    double[] rstds = new double[means.length];
    double count = shape.pixels() * shape.groupChannels();
    for (int group = 0; group < means.length; group++) {
      int of = group;
      double[] sums = new double[2];
      each(shape, of, (at, c) -> sums[0] += xs[at]);
      means[of] = sums[0] / count;
      each(shape, of, (at, c) -> sums[1] += (xs[at] - means[of]) * (xs[at] - means[of]));
      rstds[of] = 1 / Math.sqrt(sums[1] / count + epsilon);
      each(
          shape,
          of,
          (at, c) -> {
            double z = (xs[at] - means[of]) * rstds[of] * g[c] + b[c];
            ys[at] = silu ? z * sigmoid(z) : z;
          });
    }
    Values.write(ys, y);
    Values.write(means, mean);
    Values.write(rstds, rstd);
  }

  /**
   * With {@code x̂ = (x − μ)·rstd} and {@code d = dz·gain}: {@code rstd·(d − mean(d) −
   * x̂·mean(d·x̂))}, means over the group.
   */
  @Override
  default void groupNormBackward(
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx) {
    Saved saved = new Saved(silu, x, gain, bias, mean, rstd, dy);
    double[] dxs = base == null ? new double[(int) dx.elements()] : Values.read(base);
    double count = shape.pixels() * shape.groupChannels();
    for (int group = 0; group < shape.batch() * shape.groups(); group++) {
      int of = group;
      double[] means = new double[2];
      each(
          shape,
          of,
          (at, c) -> {
            double d = saved.dz(of, at, c) * saved.gain[c];
            means[0] += d / count;
            means[1] += d * saved.normalised(of, at) / count;
          });
      each(
          shape,
          of,
          (at, c) -> {
            double d = saved.dz(of, at, c) * saved.gain[c];
            dxs[at] += saved.rstd[of] * (d - means[0] - saved.normalised(of, at) * means[1]);
          });
    }
    Values.write(dxs, dx);
  }

  @Override
  default void groupNormBackwardParameters(
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor dGain,
      Tensor dBias) {
    Saved saved = new Saved(silu, x, gain, bias, mean, rstd, dy);
    double[] dg = new double[(int) shape.channels()];
    double[] db = new double[(int) shape.channels()];
    for (int group = 0; group < shape.batch() * shape.groups(); group++) {
      int of = group;
      each(
          shape,
          of,
          (at, c) -> {
            double dz = saved.dz(of, at, c);
            dg[c] += dz * saved.normalised(of, at);
            db[c] += dz;
          });
    }
    Values.add(dg, dGain);
    Values.add(db, dBias);
  }

  /** What a backward kernel reads, element by element. */
  final class Saved {
    private final boolean silu;
    private final double[] x;
    private final double[] gain;
    private final double[] bias;
    private final double[] mean;
    private final double[] rstd;
    private final double[] dy;

    private Saved(
        boolean silu, Tensor x, Tensor gain, Tensor bias, Tensor mean, Tensor rstd, Tensor dy) {
      this.silu = silu;
      this.x = Values.read(x);
      this.gain = Values.read(gain);
      this.bias = Values.read(bias);
      this.mean = Values.read(mean);
      this.rstd = Values.read(rstd);
      this.dy = Values.read(dy);
    }

    private double normalised(int group, int at) {
      return (x[at] - mean[group]) * rstd[group];
    }

    /** The gradient by z. */
    private double dz(int group, int at, int channel) {
      if (!silu) {
        return dy[at];
      }
      double z = normalised(group, at) * gain[channel] + bias[channel];
      double sigma = sigmoid(z);
      return dy[at] * sigma * (1 + z * (1 - sigma));
    }
  }

  private static double sigmoid(double z) {
    return 1 / (1 + Math.exp(-z));
  }

  /** An element of a group. */
  interface Element {
    /** Its index, and its channel. */
    void of(int at, int channel);
  }

  /** Every element of a group, pixel by pixel; groups are counted over all samples. */
  private static void each(GroupShape shape, int group, Element body) {
    int sample = (int) (group / shape.groups());
    int first = (int) (group % shape.groups() * shape.groupChannels());
    for (int n = 0; n < shape.pixels(); n++) {
      int pixel = (int) ((sample * shape.pixels() + n) * shape.channels());
      for (int c = first; c < first + shape.groupChannels(); c++) {
        body.of(pixel + c, c);
      }
    }
  }
}
