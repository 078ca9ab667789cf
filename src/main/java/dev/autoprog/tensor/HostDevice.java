package dev.autoprog.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.Pointer;

/** The machine's own memory, outside the Java heap. Safe for use by several threads. */
public final class HostDevice implements Device {
  private static final long ALIGNMENT = 64;

  private final AtomicLong allocated = new AtomicLong();

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
    Pointer block = Pointer.malloc(bytes + ALIGNMENT);
    if (block == null || block.isNull()) {
      throw new DeviceMemoryException(
          name(), bytes, "use a smaller batch, or close other programs");
    }
    allocated.addAndGet(bytes);
    long aligned = (block.address() + ALIGNMENT - 1) & -ALIGNMENT;
    return new Memory(
        this,
        aligned,
        bytes,
        () -> {
          Pointer.free(block);
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
