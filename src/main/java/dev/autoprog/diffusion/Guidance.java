package dev.autoprog.diffusion;

import dev.autoprog.backend.Session;
import dev.autoprog.tensor.Tensor;

/**
 * Classifier-free guidance (Ho and Salimans 2022): {@code uncond + w·(cond − uncond)}. Channels
 * that are not guided, those of a learned variance always among them, are the conditional
 * network's.
 *
 * <p>All channels of the prediction are guided: that is the method as it was published. DiT's own
 * sampling code guides the first three of its four latent channels only, and says that it does so
 * to reproduce its figures; {@link #onFirstChannels} with 3 is that.
 */
public final class Guidance implements Denoiser {
  private static final int ALL = Integer.MAX_VALUE;

  private final Session session;
  private final Denoiser conditional;
  private final Denoiser unconditional;
  private final double weight;
  private final int channels;

  private Guidance(
      Session session, Denoiser conditional, Denoiser unconditional, double weight, int channels) {
    this.session = session;
    this.conditional = conditional;
    this.unconditional = unconditional;
    this.weight = weight;
    this.channels = channels;
  }

  /**
   * Guides all channels of the prediction.
   *
   * @param session where both compute
   * @param weight w: 0 is unconditional; at 1, which is conditional, the unconditional network does
   *     not run; above, the condition counts for more than it was in training
   */
  public static Guidance of(
      Session session, Denoiser conditional, Denoiser unconditional, double weight) {
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException("weight is " + weight + ", expected a finite number");
    }
    return new Guidance(session, conditional, unconditional, weight, ALL);
  }

  /** The same for the first {@code count} channels of the prediction alone. */
  public Guidance onFirstChannels(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("count is " + count + ", expected at least 1");
    }
    return new Guidance(session, conditional, unconditional, weight, count);
  }

  @Override
  public void predict(Tensor x, int timestep, Tensor out) {
    conditional.predict(x, timestep, out);
    if (weight == 1) {
      return;
    }
    Tensor other = session.allocate(out.dtype(), out.shape());
    try {
      unconditional.predict(x, timestep, other);
      long batch = out.shape().dim(0);
      long outputs = out.shape().dim(1);
      long guided = Math.min(channels, x.shape().dim(1));
      if (guided == outputs) {
        guide(out, other);
        return;
      }
      long pixels = out.elements() / (batch * outputs);
      Tensor planes = out.reshape(batch * outputs, pixels);
      Tensor others = other.reshape(batch * outputs, pixels);
      for (long at = 0; at < batch * outputs; at += outputs) {
        guide(planes.rows(at, at + guided), others.rows(at, at + guided));
      }
    } finally {
      session.free(other);
    }
  }

  private void guide(Tensor out, Tensor other) {
    float w = (float) weight;
    session.kernels().linearCombination(w, out, 1 - w, other, 0, null, out);
  }
}
