package dev.autoprog.tensor;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Step-lived memory: {@link #reset()} takes back all tensors that were handed out, {@link #release}
 * one of them as soon as its last reader is done, so that the next can have its place. The first
 * steps find out how much is needed; from then on, the same sequence of calls gets the same
 * addresses and allocates nothing.
 */
public final class Arena implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private static final long FIRST_CHUNK_BYTES = 1 << 20;

  private final Device device;
  private final List<Chunk> chunks = new ArrayList<>();
  private final Map<Memory, Place> inUse = new IdentityHashMap<>();
  private long filled;
  private long peakBytes;

  /** An arena on {@code device} that holds nothing yet. */
  public Arena(Device device) {
    this.device = device;
  }

  /** A tensor with undefined content that is usable until {@link #release} or {@link #reset}. */
  public Tensor allocate(DType dtype, Shape shape) {
    long rounded = (dtype.bytes(shape) + ALIGNMENT - 1) & -ALIGNMENT;
    Place place = find(rounded);
    Memory memory = new Memory(device, place.address(), rounded, () -> {});
    inUse.put(memory, place);
    filled += rounded;
    peakBytes = Math.max(peakBytes, filled);
    return Tensor.over(memory, 0, dtype, shape);
  }

  /**
   * Takes one tensor back before the step ends; it and all views of it become unusable.
   *
   * @throws IllegalArgumentException if this arena did not hand it out, or has taken it back
   */
  public void release(Tensor tensor) {
    Place place = inUse.remove(tensor.memory());
    if (place == null) {
      throw new IllegalArgumentException(tensor + " is not in use in this arena");
    }
    tensor.memory().nextGeneration();
    place.chunk.free(place.offset, place.bytes);
    filled -= place.bytes;
  }

  /** Takes every tensor back; what was spread over several chunks gets one large one. */
  public void reset() {
    forgetTensors();
    if (chunks.size() > 1) {
      long total = chunks.stream().mapToLong(c -> c.memory.bytes()).sum();
      closeChunks();
      chunks.add(new Chunk(device.allocate(total)));
    }
    chunks.forEach(Chunk::clear);
  }

  /** Bytes that are in use now. */
  public long usedBytes() {
    return filled;
  }

  /** The most bytes that were ever in use at once. */
  public long peakBytes() {
    return peakBytes;
  }

  /** What is free now: the next allocations of two equal layouts get equal addresses. */
  public Layout layout() {
    return new Layout(
        chunks.stream().map(chunk -> chunk.memory.address()).toList(),
        chunks.stream().map(chunk -> Map.copyOf(chunk.free)).toList());
  }

  /**
   * The free space of an arena.
   *
   * @param chunks the address of each piece of the device's memory
   * @param free the extents of each that are free: offset to length
   */
  public record Layout(List<Long> chunks, List<Map<Long, Long>> free) {}

  /** Gives all memory back; the arena can be used again and starts from nothing. */
  @Override
  public void close() {
    forgetTensors();
    closeChunks();
    peakBytes = 0;
  }

  private void forgetTensors() {
    inUse.keySet().forEach(Memory::nextGeneration);
    inUse.clear();
    filled = 0;
  }

  private void closeChunks() {
    chunks.forEach(chunk -> chunk.memory.close());
    chunks.clear();
  }

  private Place find(long bytes) {
    for (Chunk chunk : chunks) {
      long offset = chunk.take(bytes);
      if (offset >= 0) {
        return new Place(chunk, offset, bytes);
      }
    }
    chunks.add(new Chunk(more(bytes)));
    return new Place(last(), last().take(bytes), bytes);
  }

  /** As much again as the last time; where there is no room for that, what is needed. */
  private Memory more(long bytes) {
    long least = chunks.isEmpty() ? FIRST_CHUNK_BYTES : last().memory.bytes();
    try {
      return device.allocate(Math.max(least, bytes));
    } catch (DeviceMemoryException e) {
      if (least <= bytes) {
        throw e;
      }
      return device.allocate(bytes);
    }
  }

  private Chunk last() {
    return chunks.get(chunks.size() - 1);
  }

  private record Place(Chunk chunk, long offset, long bytes) {
    long address() {
      return chunk.memory.address() + offset;
    }
  }

  /** Memory of the device, and which extents of it are free: offset to length, never adjacent. */
  private static final class Chunk {
    private final Memory memory;
    private final TreeMap<Long, Long> free = new TreeMap<>();

    Chunk(Memory memory) {
      this.memory = memory;
      clear();
    }

    void clear() {
      free.clear();
      free.put(0L, memory.bytes());
    }

    /** The offset of the first extent that is long enough, or −1. */
    long take(long bytes) {
      for (Map.Entry<Long, Long> extent : free.entrySet()) {
        long offset = extent.getKey();
        long rest = extent.getValue() - bytes;
        if (rest >= 0) {
          free.remove(offset);
          if (rest > 0) {
            free.put(offset + bytes, rest);
          }
          return offset;
        }
      }
      return -1;
    }

    void free(long offset, long bytes) {
      Map.Entry<Long, Long> before = free.floorEntry(offset);
      long begin = offset;
      long length = bytes;
      if (before != null && before.getKey() + before.getValue() == offset) {
        begin = before.getKey();
        length += before.getValue();
      }
      Long after = free.remove(offset + bytes);
      free.put(begin, after == null ? length : length + after);
    }
  }
}
