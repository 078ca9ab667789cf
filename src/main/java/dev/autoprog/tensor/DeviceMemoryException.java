package dev.autoprog.tensor;

/** A device has no room for an allocation. The session that asked stays usable. */
public final class DeviceMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long requestedBytes;

  /** An allocation of {@code requestedBytes} on {@code device} failed. */
  public DeviceMemoryException(String device, long requestedBytes, String advice) {
    super("No room for " + requestedBytes + " bytes on " + device + ": " + advice);
    this.requestedBytes = requestedBytes;
  }

  /** The same, where it is known how many bytes are free. */
  public DeviceMemoryException(String device, long requestedBytes, long freeBytes, String advice) {
    this(device, requestedBytes, freeBytes + " bytes are free; " + advice);
  }

  /** The bytes that were asked for. */
  public long requestedBytes() {
    return requestedBytes;
  }
}
