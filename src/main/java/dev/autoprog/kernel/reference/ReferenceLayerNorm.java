package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.LayerNormKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** Layer norm; the backward kernels take the statistics that the forward saved. */
interface ReferenceLayerNorm extends LayerNormKernels {
  @Override
  default void layerNormForward(
      RowsShape shape,
      float epsilon,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    int rows = (int) shape.rows();
    int columns = (int) shape.columns();
    double[] xs = Values.read(x);
    double[] g = Values.read(gain);
    double[] b = Values.read(bias);
    double[] ys = new double[rows * columns];
    double[] means = new double[rows];
    double[] rstds = new double[rows];
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int c = 0; c < columns; c++) {
        sum += xs[r * columns + c];
      }
      means[r] = sum / columns;
      double squares = 0;
      for (int c = 0; c < columns; c++) {
        double centred = xs[r * columns + c] - means[r];
        squares += centred * centred;
      }
      rstds[r] = 1 / Math.sqrt(squares / columns + epsilon);
      for (int c = 0; c < columns; c++) {
        ys[r * columns + c] = (xs[r * columns + c] - means[r]) * rstds[r] * g[c] + b[c];
      }
    }
    Values.write(ys, y);
    Values.write(means, mean);
    Values.write(rstds, rstd);
  }

  /**
   * With {@code x̂ = (x − μ)·rstd} and {@code d = dy·gain}: {@code rstd·(d − mean(d) −
   * x̂·mean(d·x̂))}, means over the row.
   */
  @Override
  default void layerNormBackward(
      RowsShape shape,
      Tensor x,
      Tensor gain,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx) {
    int rows = (int) shape.rows();
    int columns = (int) shape.columns();
    double[] xs = Values.read(x);
    double[] g = Values.read(gain);
    double[] means = Values.read(mean);
    double[] rstds = Values.read(rstd);
    double[] dys = Values.read(dy);
    double[] dxs = base == null ? new double[rows * columns] : Values.read(base);
    for (int r = 0; r < rows; r++) {
      double meanD = 0;
      double meanDx = 0;
      for (int c = 0; c < columns; c++) {
        int at = r * columns + c;
        meanD += dys[at] * g[c] / columns;
        meanDx += dys[at] * g[c] * (xs[at] - means[r]) * rstds[r] / columns;
      }
      for (int c = 0; c < columns; c++) {
        int at = r * columns + c;
        double normalised = (xs[at] - means[r]) * rstds[r];
        dxs[at] += rstds[r] * (dys[at] * g[c] - meanD - normalised * meanDx);
      }
    }
    Values.write(dxs, dx);
  }

  @Override
  default void layerNormBackwardParameters(
      RowsShape shape, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    int rows = (int) shape.rows();
    int columns = (int) shape.columns();
    double[] xs = Values.read(x);
    double[] means = Values.read(mean);
    double[] rstds = Values.read(rstd);
    double[] dys = Values.read(dy);
    double[] dg = new double[columns];
    double[] db = new double[columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        int at = r * columns + c;
        dg[c] += dys[at] * (xs[at] - means[r]) * rstds[r];
        db[c] += dys[at];
      }
    }
    Values.add(dg, dGain);
    Values.add(db, dBias);
  }
}
