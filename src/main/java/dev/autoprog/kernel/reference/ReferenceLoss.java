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
