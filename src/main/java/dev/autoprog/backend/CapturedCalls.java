package dev.autoprog.backend;

/** Kernel calls that were noted rather than made, and that the device makes as one. */
public interface CapturedCalls extends AutoCloseable {
  /**
   * Makes all of them: with the numbers that they were noted with, and with what lies at the same
   * addresses by now.
   */
  void replay();

  /** Gives back what the device keeps of them; a second call does nothing. */
  @Override
  void close();
}
