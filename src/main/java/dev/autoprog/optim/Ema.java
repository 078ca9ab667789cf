package dev.autoprog.optim;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Segments;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.tensor.Tensor;

/**
 * An exponential moving average of the weights, {@code ê ← d·ê + (1 − d)·w} after each update. With
 * warm-up, {@code d} is at most {@code (1 + t)/(10 + t)} at step t, so that the average forgets the
 * random beginning.
 */
public final class Ema implements AutoCloseable {
  private final Session session;
  private final double decay;
  private final boolean warmup;
  private final Tensor values;

  /** An average that begins at the parameters' present values. */
  public Ema(Session session, ParameterSet parameters, double decay, boolean warmup) {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException("a decay of " + decay + " is not in [0, 1)");
    }
    this.session = session;
    this.decay = decay;
    this.warmup = warmup;
    this.values = session.zeros(parameters.values().shape());
    long elements = values.elements();
    session
        .kernels()
        .copySegments(
            new Segments(new long[] {0}, new long[] {0}, new long[] {elements}),
            parameters.values(),
            values);
  }

  /** The decay that it tends to. */
  public double decay() {
    return decay;
  }

  /** The decay at update {@code step}, which counts from 0. */
  double decayAt(long step) {
    return warmup ? Math.min(decay, (1.0 + step) / (10.0 + step)) : decay;
  }

  /** The averages, laid out as the parameters. */
  public Tensor values() {
    return values;
  }

  /** Gives its memory back. */
  @Override
  public void close() {
    session.free(values);
  }
}
