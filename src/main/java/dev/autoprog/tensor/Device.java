package dev.autoprog.tensor;

import java.nio.ByteBuffer;

/**
 * Where memory lies, and how bytes get there and back. Addresses are those of the device; every
 * range given to a method must lie inside one open {@link Memory} of it (or inside memory that the
 * caller vouches for).
 */
public interface Device {
  /** A short name for messages: {@code host}, {@code cuda:0}. */
  String name();

  /** Whether Java and native code of this process can dereference the addresses. */
  boolean isHost();

  /**
   * Fresh memory, aligned to 64 bytes or better, its content undefined.
   *
   * @param bytes at least 1
   * @throws DeviceMemoryException if the device has no room for it
   */
  Memory allocate(long bytes);

  /** Copies the buffer's remaining bytes to {@code address}; the buffer's position moves on. */
  void upload(ByteBuffer from, long address);

  /**
   * Copies the buffer's remaining bytes to {@code address} beside what was called before, which
   * must not touch that memory; what is called after {@link #awaitAside} sees them. A device that
   * cannot do two things at a time uploads them.
   */
  default void uploadAside(ByteBuffer from, long address) {
    upload(from, address);
  }

  /** Has what is called from now on wait for all that was uploaded aside. */
  default void awaitAside() {}

  /** Fills the buffer's remaining bytes from {@code address}; the buffer's position moves on. */
  void download(long address, ByteBuffer to);

  /** Bytes of all memory of this device that is open now. */
  long allocatedBytes();
}
