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

  /** The bytes that were asked for. */
  public long requestedBytes() {
    return requestedBytes;
  }
}
