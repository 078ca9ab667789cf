package dev.autoprog.tensor;

/**
 * One contiguous piece of a device's memory. Its life is lexical: whoever allocated it closes it;
 * nothing waits for the garbage collector. A {@linkplain #generation() generation} that has passed
 * makes the tensors of it unusable, which is how an {@link Arena} takes its memory back.
 */
public final class Memory implements AutoCloseable {
  private final Device device;
  private final long address;
  private final long bytes;
  private final Runnable release;
  private int generation;
  private boolean open = true;

  /**
   * Memory that {@code release} gives back.
   *
   * @param device the device whose address this is
   * @param address of the first byte
   * @param bytes how many follow
   * @param release run once by {@link #close()}
   */
  public Memory(Device device, long address, long bytes, Runnable release) {
    this.device = device;
    this.address = address;
    this.bytes = bytes;
    this.release = release;
  }

  /** The device on which this lies. */
  public Device device() {
    return device;
  }

  /** How many bytes it has. */
  public long bytes() {
    return bytes;
  }

  /**
   * The address of the first byte.
   *
   * @throws IllegalStateException if this is closed
   */
  public long address() {
    if (!open) {
      throw new IllegalStateException("This memory is closed; its tensors cannot be used any more");
    }
    return address;
  }

  /** Whether {@link #close()} is still to come. */
  public boolean isOpen() {
    return open;
  }

  /** Counts how often the content was given up; tensors remember the count they were made at. */
  int generation() {
    return generation;
  }

  /** Gives up the content: every tensor made before is unusable from now on. */
  void nextGeneration() {
    generation++;
  }

  /** Gives the memory back; a second call does nothing. */
  @Override
  public void close() {
    if (open) {
      open = false;
      release.run();
    }
  }
}
