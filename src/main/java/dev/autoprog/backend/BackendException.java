package dev.autoprog.backend;

/** A backend that was asked for by name cannot serve, or failed while it served. */
public final class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What was found, what was expected, and what to do. */
  public BackendException(String message) {
    super(message);
  }

  /** The same, with what the system said. */
  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
