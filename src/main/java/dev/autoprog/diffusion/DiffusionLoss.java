package dev.autoprog.diffusion;

import dev.autoprog.autograd.Tape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/**
 * By what a denoising network is trained: the mean squared error of its prediction (Ho et al. 2020)
 * and, where it learns the variance, the variational bound's part that trains that, its mean taken
 * for a constant, counting T/1000 (Nichol and Dhariwal 2021; with DiT's 1000 steps, as much as the
 * error). The gradient is a backward pass's seed.
 */
public final class DiffusionLoss {
  private final Tape tape;
  private final Denoising task;
  private final Tensor prediction;
  private final RowsShape rows; // of the prediction, without the variance
  private final RowsShape samples;

  /**
   * Computes the loss of each sample.
   *
   * @param prediction what the network said of {@code batch}: FLOAT32 (B, C, R, R), or (B, 2C, R,
   *     R) where it learns the variance
   * @throws IllegalArgumentException if a variance is learned beside anything but ε
   */
  public DiffusionLoss(Tape tape, DiffusionProcess process, NoisyBatch batch, Tensor prediction) {
    this(tape, new Denoising(tape.session(), process, batch), prediction);
  }

  /**
   * Computes the loss of each sample by kernel calls alone.
   *
   * @param task what was to be said, and where the losses are noted
   * @param prediction what the network said: FLOAT32 (B, C, R, R), or (B, 2C, R, R) where it learns
   *     the variance
   */
  public DiffusionLoss(Tape tape, Denoising task, Tensor prediction) {
    this.tape = tape;
    this.task = task;
    this.prediction = prediction;
    NoisyBatch batch = task.batch();
    boolean learned = task.learnsVariance();
    long size = batch.clean().shape().dim(0);
    long pixels = batch.clean().elements() / size;
    if (prediction.elements() != size * pixels * (learned ? 2 : 1)) {
      throw new IllegalArgumentException(
          "the prediction is %s for images %s, the variance %s"
              .formatted(
                  prediction.shape(), batch.clean().shape(), learned ? "learned" : "not learned"));
    }
    samples = RowsShape.dense(size, pixels);
    rows = new RowsShape(size, pixels, learned ? 2 * pixels : pixels);
    tape.kernels().meanSquaredErrorForward(rows, prediction, task.target(), task.errors());
    if (learned) {
      tape.kernels()
          .variationalBoundForward(
              samples,
              prediction,
              batch.clean(),
              batch.noisy(),
              task.coefficients(),
              task.bounds());
    }
  }

  /** The mean squared error over the batch; not finite if any prediction is not. */
  public double error() {
    return task.error();
  }

  /** All that is trained by, mean over the batch. */
  public double mean() {
    return task.mean();
  }

  /**
   * The gradient by the prediction.
   *
   * @param scale what each sample's loss counts: 1/B for the mean
   * @return FLOAT32, in the prediction's shape
   */
  public Tensor gradient(float scale) {
    Tensor gradient = tape.allocateLike(prediction);
    tape.kernels().meanSquaredErrorBackward(rows, prediction, task.target(), scale, gradient);
    if (task.learnsVariance()) {
      NoisyBatch batch = task.batch();
      float weight = (float) (scale * task.boundWeight());
      tape.kernels()
          .variationalBoundBackward(
              samples,
              prediction,
              batch.clean(),
              batch.noisy(),
              task.coefficients(),
              weight,
              gradient);
    }
    return gradient;
  }
}
