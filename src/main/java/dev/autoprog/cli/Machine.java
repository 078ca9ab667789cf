package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;

/**
 * What computes, as a configuration or a command line names it.
 *
 * @param backend by name, or {@code auto}
 * @param threads 0 for one per processor
 */
record Machine(String backend, int threads) {
  /**
   * Checks {@code --threads}.
   *
   * @throws InputException if a session has no such number
   */
  static void requireThreads(int threads) throws InputException {
    if (threads < 0 || threads > Session.MOST_THREADS) {
      throw new InputException(
          "--threads",
          Integer.toString(threads),
          "from 0 to " + Session.MOST_THREADS,
          "Leave it out for one per processor");
    }
  }

  /** A session on it. */
  Session open() {
    return Session.open(Backend.named(backend), team());
  }

  /** How many threads there are. */
  int team() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  /** The backend in words. */
  String detail() {
    return Backend.named(backend).availability().detail();
  }
}
