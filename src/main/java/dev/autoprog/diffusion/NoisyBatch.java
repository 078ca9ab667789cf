package dev.autoprog.diffusion;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Images with noise on them: {@code x_t = √ᾱ x_0 + √(1 − ᾱ) ε}, each image at a timestep of its
 * own.
 *
 * @param clean x_0, FLOAT32 (B, C, R, R)
 * @param noise ε, likewise
 * @param noisy x_t, likewise
 * @param timesteps t of each image
 */
public record NoisyBatch(Tensor clean, Tensor noise, Tensor noisy, int[] timesteps) {
  /** Puts noise on images; the result lies in the step's arena. */
  public static NoisyBatch of(
      Session session, NoiseSchedule schedule, Tensor clean, Tensor noise, int[] timesteps) {
    if (clean.shape().dim(0) != timesteps.length || !clean.shape().equals(noise.shape())) {
      throw new IllegalArgumentException(
          "images are %s, noise is %s, timesteps are %d"
              .formatted(clean.shape(), noise.shape(), timesteps.length));
    }
    Tensor noisy =
        mixed(
            session,
            clean,
            t -> schedule.signalRate(timesteps[t]),
            noise,
            t -> schedule.noiseRate(timesteps[t]));
    return new NoisyBatch(clean, noise, noisy, timesteps);
  }

  /** The timesteps as a network reads them. */
  public float[] told(NoiseSchedule schedule) {
    float[] told = new float[timesteps.length];
    for (int i = 0; i < told.length; i++) {
      told[i] = schedule.timestep(timesteps[i]);
    }
    return told;
  }

  /** What a network is to predict: FLOAT32 (B, C, R, R). */
  Tensor target(Session session, DiffusionProcess process) {
    if (process.prediction() == Prediction.EPSILON) {
      return noise;
    }
    NoiseSchedule schedule = process.schedule();
    return mixed(
        session,
        clean,
        i -> process.prediction().target(schedule.alphaBar(timesteps[i])).first(),
        noise,
        i -> process.prediction().target(schedule.alphaBar(timesteps[i])).second());
  }

  private static Tensor mixed(
      Session session, Tensor x, IntToDoubleFunction a, Tensor y, IntToDoubleFunction b) {
    int batch = (int) x.shape().dim(0);
    Tensor out = session.arena().allocate(DType.FLOAT32, x.shape());
    session
        .kernels()
        .mixRows(
            RowsShape.dense(batch, x.elements() / batch),
            factors(session, batch, a),
            x,
            factors(session, batch, b),
            y,
            out);
    return out;
  }

  private static Tensor factors(Session session, int batch, IntToDoubleFunction factor) {
    double[] values = IntStream.range(0, batch).mapToDouble(factor).toArray();
    float[] floats = new float[batch];
    for (int i = 0; i < batch; i++) {
      floats[i] = (float) values[i];
    }
    return session.arena().allocate(DType.FLOAT32, Shape.of(batch)).set(floats);
  }
}
