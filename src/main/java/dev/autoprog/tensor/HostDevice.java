package dev.autoprog.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.Pointer;

/** The machine's own memory, outside the Java heap. Safe for use by several threads. */
public final class HostDevice implements Device {
  private static final long ALIGNMENT = 64;

  private final Source source;
  private final AtomicLong allocated = new AtomicLong();

  /** The host with memory from the C library. */
  public HostDevice() {
    this(HostDevice::malloc);
  }

  /** The host with memory from {@code source}. */
  public HostDevice(Source source) {
    this.source = source;
  }

  /** Where a host's memory comes from. */
  @FunctionalInterface
  public interface Source {
    /** Memory of at least {@code bytes} bytes, or null if there is no room for it. */
    Block take(long bytes);
  }

  /**
   * A piece of the host's memory.
   *
   * @param address aligned to 64 bytes
   * @param free gives it back
   */
  public record Block(long address, Runnable free) {}

  private static Block malloc(long bytes) {
    Pointer block = Pointer.malloc(bytes + ALIGNMENT);
    if (block == null || block.isNull()) {
      return null;
    }
    long aligned = (block.address() + ALIGNMENT - 1) & -ALIGNMENT;
    return new Block(aligned, () -> Pointer.free(block));
  }

  @Override
  public String name() {
    return "host";
  }

  @Override
  public boolean isHost() {
    return true;
  }

  @Override
  public Memory allocate(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("Cannot allocate " + bytes + " bytes");
    }
    Block block = source.take(bytes);
    if (block == null) {
      throw new DeviceMemoryException(
          name(), bytes, "use a smaller batch, or close other programs");
    }
    allocated.addAndGet(bytes);
    return new Memory(
        this,
        block.address(),
        bytes,
        () -> {
          block.free().run();
          allocated.addAndGet(-bytes);
        });
  }

  @Override
  public void upload(ByteBuffer from, long address) {
    view(address, from.remaining()).put(from);
  }

  @Override
  public void download(long address, ByteBuffer to) {
    to.put(view(address, to.remaining()));
  }

  @Override
  public long allocatedBytes() {
    return allocated.get();
  }

  /**
   * A window onto host memory, in native byte order. It does not keep the memory alive.
   *
   * @param bytes at most 2³¹ − 1
   */
  public static ByteBuffer view(long address, long bytes) {
    int size = Math.toIntExact(bytes);
    return new Window(address, size)
        .asByteBuffer()
        .limit(size)
        .slice()
        .order(ByteOrder.nativeOrder());
  }

  /** The address of a direct buffer's first byte. */
  public static long addressOf(ByteBuffer direct) {
    return Window.addressOf(direct);
  }

  /** JavaCPP's way of making a buffer from an address and back. */
  private static final class Window extends Pointer {
    Window(long address, int bytes) {
      this.address = address;
      this.limit = bytes;
      this.capacity = bytes;
    }

    /** Limit and capacity count bytes. */
    @Override
    public int sizeof() {
      return 1;
    }

    static long addressOf(ByteBuffer direct) {
      if (!direct.isDirect()) {
        throw new IllegalArgumentException("Only a direct buffer has an address");
      }
      return getDirectBufferAddress(direct);
    }
  }
}
