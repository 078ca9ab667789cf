package dev.autoprog.jmh;

/** One implementation, ready to be timed. */
interface Contender extends AutoCloseable {
  /** The work that is timed. */
  void run();

  /**
   * Runs once, and gives what came out, one output behind the other: the first call on a fresh
   * contender is comparable between implementations.
   */
  float[] result();

  @Override
  void close();
}
