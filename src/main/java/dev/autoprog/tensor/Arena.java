package dev.autoprog.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Step-lived memory: tensors are handed out one behind the other, and {@link #reset()} takes all of
 * them back at once. The first step finds out how much is needed; from the second on, the same
 * sequence of requests gets the same addresses and allocates nothing.
 */
public final class Arena implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private static final long FIRST_CHUNK_BYTES = 1 << 20;

  private final Device device;
  private final List<Memory> chunks = new ArrayList<>();
  private long used;
  private long filled;
  private long peakBytes;

  /** An arena on {@code device} that holds nothing yet. */
  public Arena(Device device) {
    this.device = device;
  }

  /** A tensor with undefined content that is usable until the next {@link #reset()}. */
  public Tensor allocate(DType dtype, Shape shape) {
    long rounded = (dtype.bytes(shape) + ALIGNMENT - 1) & -ALIGNMENT;
    if (chunks.isEmpty() || rounded > last().bytes() - used) {
      grow(rounded);
    }
    Tensor tensor = Tensor.over(last(), used, dtype, shape);
    used += rounded;
    filled += rounded;
    peakBytes = Math.max(peakBytes, filled);
    return tensor;
  }

  /** Takes every tensor back; what was spread over several chunks gets one large one. */
  public void reset() {
    if (chunks.size() > 1) {
      long total = chunks.stream().mapToLong(Memory::bytes).sum();
      close();
      chunks.add(device.allocate(total));
    }
    if (!chunks.isEmpty()) {
      last().nextGeneration();
    }
    used = 0;
    filled = 0;
  }

  /** Bytes handed out since the last reset. */
  public long usedBytes() {
    return filled;
  }

  /** The most bytes that were ever handed out between two resets. */
  public long peakBytes() {
    return peakBytes;
  }

  /** Gives all memory back; the arena can be used again and starts from nothing. */
  @Override
  public void close() {
    for (Memory chunk : chunks) {
      chunk.nextGeneration();
      chunk.close();
    }
    chunks.clear();
    used = 0;
    filled = 0;
  }

  private void grow(long atLeast) {
    long size = Math.max(FIRST_CHUNK_BYTES, chunks.isEmpty() ? 0 : last().bytes());
    chunks.add(device.allocate(Math.max(size, atLeast)));
    used = 0;
  }

  private Memory last() {
    return chunks.get(chunks.size() - 1);
  }
}
