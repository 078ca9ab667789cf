package dev.autoprog;

/**
 * A file or a parameter that somebody gave cannot be used. The message always has the same four
 * parts: what it is about, what was found, what was expected, and what to do.
 */
public class InputException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * An error in this form: {@code subject: found; expected …. Remedy}.
   *
   * @param subject the file or the parameter
   * @param found what was there
   * @param expected what should have been there
   * @param remedy a sentence on what to do
   */
  public InputException(String subject, String found, String expected, String remedy) {
    this(subject, found, expected, remedy, null);
  }

  /** The same, with what the system said. */
  public InputException(
      String subject, String found, String expected, String remedy, Throwable cause) {
    super(subject + ": " + found + "; expected " + expected + ". " + remedy, cause);
  }
}
