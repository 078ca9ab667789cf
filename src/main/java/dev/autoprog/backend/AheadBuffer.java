package dev.autoprog.backend;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * A place on the device for what a later step reads: bytes are brought there while the device is
 * still at the present step. Of its two halves, that step reads one while the other is filled; what
 * was {@linkplain #take taken} is over when the second {@link #bring} after it begins, by when the
 * step that read it must have ended.
 */
public final class AheadBuffer implements AutoCloseable {
  private final Session session;
  private final Tensor[] halves = new Tensor[2];
  private int half;

  /** An empty one, which grows with what is brought. */
  public AheadBuffer(Session session) {
    this.session = session;
  }

  /** Whether there is something to gain: the device computes while the host does something else. */
  public static boolean serves(Session session) {
    return !session.device().isHost();
  }

  /** Begins to bring the buffer's remaining bytes. */
  public void bring(ByteBuffer bytes) {
    half = 1 - half;
    Device device = session.device();
    Tensor there = halves[half];
    if (there != null && there.bytes() >= bytes.remaining()) {
      device.uploadAside(bytes, there.address());
      return;
    }
    free(half);
    halves[half] = session.allocate(DType.UINT8, Shape.of(bytes.remaining()));
    // fresh memory is there once what was called before has run
    device.upload(bytes, halves[half].address());
  }

  /** What was brought last, for kernels that are called from now on. */
  public Tensor take(DType type, Shape shape) {
    session.device().awaitAside();
    return Tensor.over(halves[half].memory(), 0, type, shape);
  }

  /** What is still on its way to it arrives before. */
  private void free(int index) {
    if (halves[index] != null) {
      session.device().awaitAside();
      session.free(halves[index]);
      halves[index] = null;
    }
  }

  @Override
  public void close() {
    free(0);
    free(1);
  }
}
