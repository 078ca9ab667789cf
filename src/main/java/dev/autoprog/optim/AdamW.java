package dev.autoprog.optim;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.AdamWStep;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.TrainedBuffer;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/**
 * AdamW (Loshchilov and Hutter 2019) over a parameter set's flat buffers, with clipping by the
 * global norm, and with the moving averages of the weights updated in the same pass.
 */
public final class AdamW implements AutoCloseable {
  /**
   * The settings that stay.
   *
   * @param beta1 decay of the first moment, in [0, 1)
   * @param beta2 decay of the second moment, in [0, 1)
   * @param epsilon added to the root of the second moment
   * @param weightDecay of the parameters that have one
   * @param maxNorm global gradient norm above which gradients are scaled down; 0 for never
   */
  public record Settings(
      double beta1, double beta2, double epsilon, double weightDecay, double maxNorm) {
    /** What DeiT trains with, and clipping at 1. */
    public static final Settings DEFAULT = new Settings(0.9, 0.999, 1e-8, 0.05, 1);
  }

  private final Session session;
  private final ParameterSet parameters;
  private final Settings settings;
  private final TrainedBuffer first;
  private final TrainedBuffer second;
  private final Tensor squaredNorm;

  /** An optimizer of {@code parameters} whose moments begin at zero. */
  public AdamW(Session session, ParameterSet parameters, Settings settings) {
    this.session = session;
    this.parameters = parameters;
    this.settings = settings;
    this.first = new TrainedBuffer(session, parameters);
    this.second = new TrainedBuffer(session, parameters);
    this.squaredNorm = session.zeros(Shape.of(1));
  }

  /** The first moments. */
  public TrainedBuffer firstMoments() {
    return first;
  }

  /** The second moments. */
  public TrainedBuffer secondMoments() {
    return second;
  }

  /**
   * Keeps moments of what is trained now, and of nothing else: after parameters were frozen for
   * good, or unfrozen.
   */
  public void fit() {
    first.fit();
    second.fit();
  }

  /**
   * Updates all that is trainable by the gradients in the set, unless their norm is not finite:
   * then nothing changes.
   *
   * @param step counts from 0
   * @param averages moving averages to carry along, at most four
   * @return the gradients' global norm, before clipping
   */
  public double step(long step, double learningRate, List<Ema> averages) {
    Kernels kernels = session.kernels();
    List<ParameterSet.Range> ranges = parameters.trainableRanges();
    kernels.fill(squaredNorm, 0);
    for (ParameterSet.Range range : ranges) {
      kernels.sumOfSquares(parameters.gradients().of(range), squaredNorm);
    }
    double norm = Math.sqrt(squaredNorm.toFloats()[0]);
    if (Double.isFinite(norm)) {
      for (ParameterSet.Range range : ranges) {
        update(range, step, learningRate, averages);
      }
    }
    return norm;
  }

  private void update(
      ParameterSet.Range range, long step, double learningRate, List<Ema> averages) {
    float[] decays = new float[averages.size()];
    for (int i = 0; i < decays.length; i++) {
      decays[i] = (float) averages.get(i).decayAt(step);
    }
    AdamWStep numbers =
        new AdamWStep(
            (float) learningRate,
            (float) settings.beta1(),
            (float) settings.beta2(),
            (float) settings.epsilon(),
            range.decayed() ? (float) settings.weightDecay() : 0,
            step - range.since() + 1,
            settings.maxNorm() > 0 ? (float) settings.maxNorm() : Float.POSITIVE_INFINITY);
    session
        .kernels()
        .adamW(
            numbers,
            range.of(parameters.values()),
            parameters.gradients().of(range),
            first.of(range),
            second.of(range),
            squaredNorm,
            averages.stream().map(ema -> range.of(ema.values())).toList(),
            decays,
            parameters.rounded() == null ? null : range.of(parameters.rounded()));
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    first.close();
    second.close();
    session.free(squaredNorm);
  }
}
