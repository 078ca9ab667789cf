package dev.autoprog.nn;

import dev.autoprog.autograd.Tape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/**
 * Cross entropy of a batch of logits with label smoothing; its gradient is a backward pass's seed.
 */
public final class CrossEntropy {
  private final Tape tape;
  private final RowsShape shape;
  private final Tensor logits;
  private final Classification batch;
  private final float smoothing;
  private final Tensor logSumExp;

  /**
   * Computes the loss of each sample.
   *
   * @param logits (B, classes)
   * @param labels (B)
   * @param smoothing share of the target that is spread over all classes, in [0, 1)
   * @throws IllegalArgumentException if a label is not in 0 … classes − 1
   */
  public CrossEntropy(Tape tape, Tensor logits, int[] labels, double smoothing) {
    this(tape, logits, Targets.of(labels), smoothing);
  }

  /**
   * Computes the loss of each sample, against classes that may be mixed.
   *
   * @param logits (B, classes)
   * @param targets of B samples
   * @param smoothing share of the target that is spread over all classes, in [0, 1)
   * @throws IllegalArgumentException if a class is not in 0 … classes − 1
   */
  public CrossEntropy(Tape tape, Tensor logits, Targets targets, double smoothing) {
    this(
        tape,
        logits,
        new Classification(tape.session(), targets, logits.shape().dim(1)),
        smoothing);
  }

  /**
   * Computes the loss of each sample by kernel calls alone.
   *
   * @param logits (B, classes)
   * @param batch what they are to be, and where losses and logits are noted
   * @param smoothing share of the target that is spread over all classes, in [0, 1)
   */
  public CrossEntropy(Tape tape, Tensor logits, Classification batch, double smoothing) {
    this.tape = tape;
    this.logits = logits;
    this.batch = batch;
    this.smoothing = (float) smoothing;
    this.shape = RowsShape.dense(logits.shape().dim(0), logits.shape().dim(1));
    this.logSumExp = tape.allocate(shape.rows());
    tape.kernels()
        .crossEntropyForward(
            shape,
            logits,
            batch.labels(),
            batch.partners(),
            batch.lambda(),
            this.smoothing,
            batch.losses(),
            logSumExp);
    batch.answered(tape.kernels(), logits);
  }

  /** The mean over the batch; not finite if any logit is not. */
  public double mean() {
    return batch.mean();
  }

  /**
   * How many samples have their largest logit at their label, of two at the one that weighs most.
   */
  public int correct() {
    return batch.correct();
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
            shape,
            logits,
            batch.labels(),
            batch.partners(),
            batch.lambda(),
            smoothing,
            logSumExp,
            scale,
            dLogits);
    return dLogits;
  }
}
