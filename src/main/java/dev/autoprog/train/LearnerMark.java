package dev.autoprog.train;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a learner was, to which it can return: copies of its buffers, and how it was updated. */
final class LearnerMark implements AutoCloseable {
  private final Session session;
  private final Map<String, Tensor> buffers = new LinkedHashMap<>();
  private UpdateCounts counts;

  /**
   * Copies of {@code learned}, by name, and the counts with them.
   *
   * @throws dev.autoprog.tensor.DeviceMemoryException if there is no room; nothing is held then
   */
  LearnerMark(Session session, Map<String, Tensor> learned, UpdateCounts counts) {
    this.session = session;
    this.counts = counts;
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

  /** How often what was copied had been updated. */
  UpdateCounts counts() {
    return counts;
  }

  /** Whose copies are read from elsewhere gets the counts that belong to them. */
  void counts(UpdateCounts ofCopies) {
    counts = ofCopies;
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
