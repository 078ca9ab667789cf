package dev.autoprog.optim;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.AdamWConstants;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.TrainedBuffer;
import dev.autoprog.tensor.DType;
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
  private List<Tensor> rates = List.of(); // of the present step, for each range; in the arena

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
    prepare(step, learningRate, averages);
    update(averages);
    return norm();
  }

  /**
   * Brings what is particular to a step to the device, into the step's arena. {@link #update} then
   * consists of kernel calls alone, the same in every step as long as the same is trained.
   *
   * @param step counts from 0
   * @param averages as {@link #update} will get them
   */
  public void prepare(long step, double learningRate, List<Ema> averages) {
    double[] decays = averages.stream().mapToDouble(ema -> ema.decayAt(step)).toArray();
    rates =
        parameters.trainableRanges().stream()
            .map(
                range ->
                    constants(range).rates(learningRate, step - range.missedUpdates() + 1, decays))
            .map(
                numbers ->
                    session.arena().allocate(DType.FLOAT32, Shape.of(numbers.length)).set(numbers))
            .toList();
  }

  /** The update for which a step was {@linkplain #prepare prepared}. */
  public void update(List<Ema> averages) {
    Kernels kernels = session.kernels();
    List<ParameterSet.Range> ranges = parameters.trainableRanges();
    kernels.fill(squaredNorm, 0);
    for (ParameterSet.Range range : ranges) {
      kernels.sumOfSquares(parameters.gradients().of(range), squaredNorm);
    }
    for (int r = 0; r < ranges.size(); r++) {
      ParameterSet.Range range = ranges.get(r);
      kernels.adamW(
          constants(range),
          rates.get(r),
          range.of(parameters.values()),
          parameters.gradients().of(range),
          first.of(range),
          second.of(range),
          squaredNorm,
          averages.stream().map(ema -> range.of(ema.values())).toList(),
          parameters.rounded() == null ? null : range.of(parameters.rounded()));
    }
  }

  /** The gradients' global norm in the last update, before clipping; if not finite, it was none. */
  public double norm() {
    return Math.sqrt(squaredNorm.toFloats()[0]);
  }

  private AdamWConstants constants(ParameterSet.Range range) {
    return new AdamWConstants(
        (float) settings.beta1(),
        (float) settings.beta2(),
        (float) settings.epsilon(),
        range.decayed() ? (float) settings.weightDecay() : 0,
        settings.maxNorm() > 0 ? (float) settings.maxNorm() : Float.POSITIVE_INFINITY);
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    first.close();
    second.close();
    session.free(squaredNorm);
  }
}
