package dev.autoprog.diffusion;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.LossKernels;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/**
 * One batch to denoise, on the device: what a network is to say of it, and what was found of what
 * it said. It is there before the kernels of a step are called and read after them, so that in
 * between nothing has to wait.
 */
public final class Denoising {
  private final NoisyBatch batch;
  private final Tensor target;
  private final Tensor coefficients; // null if no variance is learned
  private final double boundWeight;
  private final Tensor errors;
  private final Tensor bounds;

  /**
   * A batch, in the step's arena, of which nothing has been said yet.
   *
   * @throws IllegalArgumentException if a variance is learned beside anything but ε
   */
  public Denoising(Session session, DiffusionProcess process, NoisyBatch batch) {
    this.batch = batch;
    boolean learned = process.variance().isLearned();
    if (learned && process.prediction() != Prediction.EPSILON) {
      throw new IllegalArgumentException("A variance is learned beside ε alone");
    }
    long size = batch.timesteps().length;
    target = batch.target(session, process);
    errors = allocate(session, size);
    coefficients = learned ? coefficients(session, process.schedule(), batch.timesteps()) : null;
    boundWeight = process.schedule().steps() / 1000.0;
    bounds = learned ? allocate(session, size) : null;
  }

  private static Tensor allocate(Session session, long... dims) {
    return session.arena().allocate(DType.FLOAT32, Shape.of(dims));
  }

  private static Tensor coefficients(Session session, NoiseSchedule schedule, int[] timesteps) {
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
    return allocate(session, timesteps.length, count).set(values);
  }

  /** The images. */
  NoisyBatch batch() {
    return batch;
  }

  /** (B, C, R, R), what is to be predicted. */
  Tensor target() {
    return target;
  }

  /** (B), each image's mean squared error, once it has been found. */
  Tensor errors() {
    return errors;
  }

  /** Whether a variance is learned. */
  boolean learnsVariance() {
    return coefficients != null;
  }

  /** (B, 7), as the variational bound's kernels read them; null if no variance is learned. */
  Tensor coefficients() {
    return coefficients;
  }

  /** (B), each image's part of the bound, once it has been found; null likewise. */
  Tensor bounds() {
    return bounds;
  }

  /** What the bound counts beside the error. */
  double boundWeight() {
    return boundWeight;
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
}
