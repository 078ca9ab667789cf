package dev.autoprog.train;

/** Training cannot go on; what was reached until the last checkpoint is kept. */
public final class TrainingException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What happened, at which step, and what to do. */
  public TrainingException(String message) {
    super(message);
  }
}
