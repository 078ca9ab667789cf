package dev.autoprog.train;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** Copies of a learner's buffers, to which it can return. */
final class LearnerMark implements AutoCloseable {
  private final Session session;
  private final Map<String, Tensor> buffers = new LinkedHashMap<>();

  /**
   * Copies of {@code learned}, by name.
   *
   * @throws dev.autoprog.tensor.DeviceMemoryException if there is no room; nothing is held then
   */
  LearnerMark(Session session, Map<String, Tensor> learned) {
    this.session = session;
    try {
      learned.forEach(
          (name, buffer) -> {
            buffers.put(name, session.zeros(buffer.shape()));
            copy(buffer, buffers.get(name));
          });
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Writes the copies back into buffers of the same names and sizes. */
  void restore(Map<String, Tensor> learned) {
    learned.forEach((name, buffer) -> copy(buffers.get(name), buffer));
  }

  private void copy(Tensor from, Tensor to) {
    long[] zero = {0};
    session
        .kernels()
        .copySegments(new Segments(zero, zero, new long[] {from.elements()}), from, to);
  }

  /** The copies, by name. */
  Map<String, Tensor> buffers() {
    return buffers;
  }

  @Override
  public void close() {
    buffers.values().forEach(session::free);
    buffers.clear();
  }
}
