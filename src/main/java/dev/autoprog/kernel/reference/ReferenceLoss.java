package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.LossKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/** Losses. */
interface ReferenceLoss extends LossKernels {
  @Override
  default void crossEntropyForward(
      RowsShape shape,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor losses,
      Tensor logSumExp) {
    int batch = (int) shape.rows();
    int classes = (int) shape.columns();
    double[] z = Values.read(logits);
    double[] target = targets(shape, labels, partners, lambda, smoothing);
    double[] loss = new double[batch];
    double[] lse = new double[batch];
    for (int b = 0; b < batch; b++) {
      lse[b] = LogSumExp.of(z, b * classes, classes);
      for (int k = 0; k < classes; k++) {
        double q = target[b * classes + k];
        // an excluded class (logit −∞) that is no target costs nothing: 0·log 0 = 0
        loss[b] += q == 0 ? 0 : q * (lse[b] - z[b * classes + k]);
      }
    }
    Values.write(loss, losses);
    Values.write(lse, logSumExp);
  }

  @Override
  default void crossEntropyBackward(
      RowsShape shape,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor logSumExp,
      float scale,
      Tensor dLogits) {
    int classes = (int) shape.columns();
    double[] z = Values.read(logits);
    double[] target = targets(shape, labels, partners, lambda, smoothing);
    double[] lse = Values.read(logSumExp);
    double[] gradient = new double[z.length];
    for (int i = 0; i < z.length; i++) {
      gradient[i] = scale * (Math.exp(z[i] - lse[i / classes]) - target[i]);
    }
    Values.write(gradient, dLogits);
  }

  @Override
  default void meanSquaredErrorForward(
      RowsShape shape, Tensor prediction, Tensor target, Tensor losses) {
    int columns = (int) shape.columns();
    double[] predictions = Values.read(prediction);
    double[] targets = Values.read(target);
    double[] loss = new double[(int) shape.rows()];
    for (int i = 0; i < targets.length; i++) {
      int row = i / columns;
      double difference = predictions[(int) shape.stride() * row + i % columns] - targets[i];
      loss[row] += difference * difference / columns;
    }
    Values.write(loss, losses);
  }

  @Override
  default void meanSquaredErrorBackward(
      RowsShape shape, Tensor prediction, Tensor target, float scale, Tensor dPrediction) {
    int columns = (int) shape.columns();
    double[] predictions = Values.read(prediction);
    double[] targets = Values.read(target);
    double[] gradient = Values.read(dPrediction);
    for (int i = 0; i < targets.length; i++) {
      int at = (int) shape.stride() * (i / columns) + i % columns;
      gradient[at] = scale * 2.0 / columns * (predictions[at] - targets[i]);
    }
    Values.write(gradient, dPrediction);
  }

  @Override
  default void variationalBoundForward(
      RowsShape shape,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      Tensor losses) {
    int columns = (int) shape.columns();
    VariationalBound[] bounds = bounds(shape, prediction, clean, noisy, coefficients);
    double[] loss = new double[(int) shape.rows()];
    for (int i = 0; i < bounds.length; i++) {
      loss[i / columns] += bounds[i].value() / columns / Math.log(2);
    }
    Values.write(loss, losses);
  }

  @Override
  default void variationalBoundBackward(
      RowsShape shape,
      Tensor prediction,
      Tensor clean,
      Tensor noisy,
      Tensor coefficients,
      float scale,
      Tensor dPrediction) {
    int columns = (int) shape.columns();
    VariationalBound[] bounds = bounds(shape, prediction, clean, noisy, coefficients);
    double[] k = Values.read(coefficients);
    double[] gradient = Values.read(dPrediction);
    for (int i = 0; i < bounds.length; i++) {
      int row = i / columns;
      double range = k[row * BOUND_COEFFICIENTS + 5] - k[row * BOUND_COEFFICIENTS + 4];
      gradient[(2 * row + 1) * columns + i % columns] =
          scale / Math.log(2) / columns * bounds[i].slope() * range / 2;
    }
    Values.write(gradient, dPrediction);
  }

  private static VariationalBound[] bounds(
      RowsShape shape, Tensor prediction, Tensor clean, Tensor noisy, Tensor coefficients) {
    int columns = (int) shape.columns();
    double[] predictions = Values.read(prediction);
    double[] x0 = Values.read(clean);
    double[] xt = Values.read(noisy);
    double[] all = Values.read(coefficients);
    VariationalBound[] bounds = new VariationalBound[x0.length];
    for (int i = 0; i < bounds.length; i++) {
      int row = i / columns;
      double[] k =
          Arrays.copyOfRange(all, row * BOUND_COEFFICIENTS, (row + 1) * BOUND_COEFFICIENTS);
      int at = 2 * row * columns + i % columns;
      double predicted = k[0] * xt[i] - k[1] * predictions[at];
      double logVariance = k[4] + 0.5 * (predictions[at + columns] + 1) * (k[5] - k[4]);
      bounds[i] =
          k[6] == 0
              ? VariationalBound.divergence(k[2] * (predicted - x0[i]), k[4], logVariance)
              : VariationalBound.likelihood(x0[i], k[2] * predicted + k[3] * xt[i], logVariance);
    }
    return bounds;
  }

  /** q (B, classes), NaN in a row whose label or partner there is not. */
  private static double[] targets(
      RowsShape shape, Tensor labels, Tensor partners, Tensor lambda, double smoothing) {
    int classes = (int) shape.columns();
    double[] label = Values.read(labels);
    double[] partner = partners == null ? label : Values.read(partners);
    double[] share = lambda == null ? null : Values.read(lambda);
    double[] q = new double[label.length * classes];
    for (int i = 0; i < q.length; i++) {
      int b = i / classes;
      int k = i % classes;
      if (label[b] < 0 || label[b] >= classes || partner[b] < 0 || partner[b] >= classes) {
        q[i] = Double.NaN;
      } else {
        double own = share == null || label[b] == partner[b] ? 1 : share[b];
        double hard = (k == label[b] ? own : 0) + (k == partner[b] ? 1 - own : 0);
        q[i] = (1 - smoothing) * hard + smoothing / classes;
      }
    }
    return q;
  }
}
