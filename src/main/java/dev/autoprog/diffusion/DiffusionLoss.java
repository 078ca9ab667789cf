package dev.autoprog.diffusion;

import dev.autoprog.autograd.Tape;
import dev.autoprog.kernel.LossKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/**
 * By what a denoising network is trained: the mean squared error of its prediction (Ho et al. 2020)
 * and, where it learns the variance, the variational bound's part that trains that, its mean taken
 * for a constant, counting T/1000 (Nichol and Dhariwal 2021; with DiT's 1000 steps, as much as the
 * error). The gradient is a backward pass's seed.
 */
public final class DiffusionLoss {
  private final Tape tape;
  private final NoisyBatch batch;
  private final Tensor prediction;
  private final Tensor target;
  private final RowsShape rows; // of the prediction, without the variance
  private final RowsShape samples;
  private final Tensor coefficients; // null if no variance is learned
  private final double boundWeight;
  private final Tensor errors;
  private final Tensor bounds;

  /**
   * Computes the loss of each sample.
   *
   * @param prediction what the network said of {@code batch}: FLOAT32 (B, C, R, R), or (B, 2C, R,
   *     R) where it learns the variance
   * @throws IllegalArgumentException if a variance is learned beside anything but ε
   */
  public DiffusionLoss(Tape tape, DiffusionProcess process, NoisyBatch batch, Tensor prediction) {
    this.tape = tape;
    this.batch = batch;
    this.prediction = prediction;
    boolean learned = process.variance().isLearned();
    if (learned && process.prediction() != Prediction.EPSILON) {
      throw new IllegalArgumentException("A variance is learned beside ε alone");
    }
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
    target = batch.target(tape.session(), process);
    errors = tape.allocate(size);
    tape.kernels().meanSquaredErrorForward(rows, prediction, target, errors);
    coefficients = learned ? coefficients(process.schedule()) : null;
    boundWeight = process.schedule().steps() / 1000.0;
    bounds = learned ? tape.allocate(size) : null;
    if (learned) {
      tape.kernels()
          .variationalBoundForward(
              samples, prediction, batch.clean(), batch.noisy(), coefficients, bounds);
    }
  }

  private Tensor coefficients(NoiseSchedule schedule) {
    int[] timesteps = batch.timesteps();
    int count = LossKernels.BOUND_COEFFICIENTS;
    float[] values = new float[timesteps.length * count];
    for (int i = 0; i < timesteps.length; i++) {
      int t = timesteps[i];
      double inverse = 1 / schedule.alphaBar(t);
      double[] own = {
        Math.sqrt(inverse),
        Math.sqrt(inverse - 1),
        schedule.posteriorMeanOfClean(t),
        schedule.posteriorMeanOfNoisy(t),
        schedule.posteriorLogVariance(t),
        Math.log(schedule.beta(t)),
        t == 0 ? 1 : 0
      };
      for (int k = 0; k < count; k++) {
        values[i * count + k] = (float) own[k];
      }
    }
    return tape.session()
        .arena()
        .allocate(DType.FLOAT32, Shape.of(timesteps.length, count))
        .set(values);
  }

  /** The mean squared error over the batch; not finite if any prediction is not. */
  public double error() {
    return mean(errors);
  }

  /** All that is trained by, mean over the batch. */
  public double mean() {
    return error() + (bounds == null ? 0 : boundWeight * mean(bounds));
  }

  private static double mean(Tensor losses) {
    double sum = 0;
    for (float loss : losses.toFloats()) {
      sum += loss;
    }
    return sum / losses.elements();
  }

  /**
   * The gradient by the prediction.
   *
   * @param scale what each sample's loss counts: 1/B for the mean
   * @return FLOAT32, in the prediction's shape
   */
  public Tensor gradient(float scale) {
    Tensor gradient = tape.allocateLike(prediction);
    tape.kernels().meanSquaredErrorBackward(rows, prediction, target, scale, gradient);
    if (bounds != null) {
      float weight = (float) (scale * boundWeight);
      tape.kernels()
          .variationalBoundBackward(
              samples, prediction, batch.clean(), batch.noisy(), coefficients, weight, gradient);
    }
    return gradient;
  }
}
