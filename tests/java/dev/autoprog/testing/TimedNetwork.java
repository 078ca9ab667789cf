package dev.autoprog.testing;

import dev.autoprog.autograd.GradientSink;
import dev.autoprog.backend.Session;
import dev.autoprog.metric.ZiCo;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/** A network with random weights, in bfloat16, and the one batch that it sees. */
abstract class TimedNetwork implements AutoCloseable {
  static final long SEED = 1;
  static final double LEARNING_RATE = 1e-4;
  private static final int ZICO_BATCHES = 2;

  final Session session;
  final int batch;

  TimedNetwork(Session session, int batch) {
    this.session = session;
    this.batch = batch;
  }

  /** FLOAT32 (batch, channels, side, side). */
  final Tensor images(String name, int channels, int side) {
    Shape shape = Shape.of(batch, channels, side, side);
    return session
        .allocate(DType.FLOAT32, shape)
        .set(RandomData.of(name).gaussian(shape.elements()));
  }

  /** Forward, backward, AdamW and moving averages. */
  abstract void step();

  /** Of the whole batch, by its summed outputs. */
  abstract void tangentKernel();

  /** Forward and backward for a loss, its gradients to {@code sink}. */
  abstract void gradients(GradientSink sink);

  final void zico() {
    try (ZiCo zico = new ZiCo(session)) {
      for (int i = 0; i < ZICO_BATCHES; i++) {
        session.arena().reset();
        gradients(zico);
      }
      if (!Double.isFinite(zico.score().total())) {
        throw new IllegalStateException("ZiCo is not finite");
      }
    }
  }

  static void require(boolean finite) {
    if (!finite) {
      throw new IllegalStateException("a step's loss is not finite");
    }
  }

  @Override
  public abstract void close();
}
