package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.LinearKernels;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/** The linear layer and its gradients: three matrix products, summed in the order of the index. */
interface ReferenceLinear extends LinearKernels {
  @Override
  default void linearForward(
      LinearShape shape, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y) {
    double[] ys = product(shape, x, weight, bias);
    if (base != null) {
      double[] bases = Values.read(base);
      Arrays.setAll(ys, i -> bases[i] + ys[i]);
    }
    Values.write(ys, y);
  }

  private static double[] product(LinearShape shape, Tensor x, Tensor weight, Tensor bias) {
    int rows = (int) shape.rows();
    int in = (int) shape.in();
    int out = (int) shape.out();
    double[] xs = Values.read(x);
    double[] w = Values.read(weight);
    double[] b = bias == null ? new double[out] : Values.read(bias);
    double[] ys = new double[rows * out];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double sum = b[o];
        for (int i = 0; i < in; i++) {
          sum += xs[r * in + i] * w[o * in + i];
        }
        ys[r * out + o] = sum;
      }
    }
    return ys;
  }

  @Override
  default void linearGeluForward(
      LinearShape shape, Gelu gelu, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope) {
    double[] ys = product(shape, x, weight, bias);
    double[] slopes = new double[ys.length];
    ReferenceActivation.gelu(gelu, ys, slopes);
    Values.write(ys, y);
    if (slope != null) {
      Values.write(slopes, slope);
    }
  }

  @Override
  default void linearBackwardInput(
      LinearShape shape, Tensor dy, Tensor weight, Tensor scale, Tensor dx) {
    int rows = (int) shape.rows();
    int in = (int) shape.in();
    int out = (int) shape.out();
    double[] dys = Values.read(dy);
    double[] w = Values.read(weight);
    double[] dxs = new double[rows * in];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          dxs[r * in + i] += dys[r * out + o] * w[o * in + i];
        }
      }
    }
    if (scale != null) {
      double[] scales = Values.read(scale);
      Arrays.setAll(dxs, i -> dxs[i] * scales[i]);
    }
    Values.write(dxs, dx);
  }

  @Override
  default void linearBackwardWeight(
      LinearShape shape, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    int rows = (int) shape.rows();
    int in = (int) shape.in();
    int out = (int) shape.out();
    double[] xs = Values.read(x);
    double[] dys = Values.read(dy);
    double[] dw = new double[out * in];
    double[] db = new double[out];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        db[o] += dys[r * out + o];
        for (int i = 0; i < in; i++) {
          dw[o * in + i] += dys[r * out + o] * xs[r * in + i];
        }
      }
    }
    Values.add(dw, dWeight);
    if (dBias != null) {
      Values.add(db, dBias);
    }
  }
}
