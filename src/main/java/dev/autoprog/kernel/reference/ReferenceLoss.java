package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.LossKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** Losses. */
interface ReferenceLoss extends LossKernels {
  @Override
  default void crossEntropyForward(
      RowsShape shape,
      Tensor logits,
      Tensor labels,
      float smoothing,
      Tensor losses,
      Tensor logSumExp) {
    int batch = (int) shape.rows();
    int classes = (int) shape.columns();
    double[] z = Values.read(logits);
    double[] label = Values.read(labels);
    double[] loss = new double[batch];
    double[] lse = new double[batch];
    for (int b = 0; b < batch; b++) {
      lse[b] = LogSumExp.of(z, b * classes, classes);
      for (int k = 0; k < classes; k++) {
        double q = target(k, label[b], smoothing, classes);
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
      float smoothing,
      Tensor logSumExp,
      float scale,
      Tensor dLogits) {
    int classes = (int) shape.columns();
    double[] z = Values.read(logits);
    double[] label = Values.read(labels);
    double[] lse = Values.read(logSumExp);
    double[] gradient = new double[z.length];
    for (int i = 0; i < z.length; i++) {
      int b = i / classes;
      double probability = Math.exp(z[i] - lse[b]);
      gradient[i] = scale * (probability - target(i % classes, label[b], smoothing, classes));
    }
    Values.write(gradient, dLogits);
  }

  /** q_k, or NaN if there is no such label. */
  private static double target(int k, double label, double smoothing, int classes) {
    if (label < 0 || label >= classes) {
      return Double.NaN;
    }
    return (k == label ? 1 - smoothing : 0) + smoothing / classes;
  }
}
