package dev.autoprog.nn;

import dev.autoprog.autograd.Tape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/**
 * Cross entropy of a batch of logits with label smoothing; its gradient is a backward pass's seed.
 */
public final class CrossEntropy {
  private final Tape tape;
  private final RowsShape shape;
  private final Tensor logits;
  private final Targets targets;
  private final Tensor labels;
  private final Tensor partners;
  private final Tensor lambda;
  private final float smoothing;
  private final Tensor losses;
  private final Tensor logSumExp;

  /**
   * Computes the loss of each sample.
   *
   * @param logits (B, classes)
   * @param labels (B), each in 0 … classes − 1
   * @param smoothing share of the target that is spread over all classes, in [0, 1)
   */
  public CrossEntropy(Tape tape, Tensor logits, int[] labels, double smoothing) {
    this(tape, logits, Targets.of(labels), smoothing);
  }

  /**
   * Computes the loss of each sample, against classes that may be mixed.
   *
   * @param logits (B, classes)
   * @param targets of B samples, each class in 0 … classes − 1
   * @param smoothing share of the target that is spread over all classes, in [0, 1)
   */
  public CrossEntropy(Tape tape, Tensor logits, Targets targets, double smoothing) {
    this.tape = tape;
    this.logits = logits;
    this.targets = targets;
    this.smoothing = (float) smoothing;
    this.shape = RowsShape.dense(logits.shape().dim(0), logits.shape().dim(1));
    this.labels = classes(targets.labels());
    this.partners = targets.partners() == null ? null : classes(targets.partners());
    this.lambda = targets.partners() == null ? null : everywhere(targets.lambda());
    this.losses = tape.allocate(shape.rows());
    this.logSumExp = tape.allocate(shape.rows());
    tape.kernels()
        .crossEntropyForward(
            shape, logits, labels, partners, lambda, this.smoothing, losses, logSumExp);
  }

  private Tensor classes(int[] values) {
    return tape.session().arena().allocate(DType.INT32, Shape.of(shape.rows())).set(values);
  }

  private Tensor everywhere(float value) {
    float[] values = new float[(int) shape.rows()];
    Arrays.fill(values, value);
    return tape.allocate(shape.rows()).set(values);
  }

  /** The mean over the batch; not finite if any logit is not. */
  public double mean() {
    double sum = 0;
    for (float loss : losses.toFloats()) {
      sum += loss;
    }
    return sum / shape.rows();
  }

  /**
   * How many samples have their largest logit at their label, of two at the one that weighs most.
   */
  public int correct() {
    float[] values = logits.toFloats();
    int classes = (int) shape.columns();
    int correct = 0;
    for (int b = 0; b < targets.labels().length; b++) {
      int best = 0;
      for (int k = 1; k < classes; k++) {
        if (values[b * classes + k] > values[b * classes + best]) {
          best = k;
        }
      }
      correct += best == targets.main(b) ? 1 : 0;
    }
    return correct;
  }

  /**
   * The gradient by the logits.
   *
   * @param scale what each sample's loss counts: 1/B for the mean
   * @return (B, classes)
   */
  public Tensor gradient(float scale) {
    Tensor dLogits = tape.allocate(shape.rows(), shape.columns());
    tape.kernels()
        .crossEntropyBackward(
            shape, logits, labels, partners, lambda, smoothing, logSumExp, scale, dLogits);
    return dLogits;
  }
}
