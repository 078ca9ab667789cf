package dev.autoprog.cli;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;

/**
 * What computes, as a configuration or a command line names it.
 *
 * @param backend by name, or {@code auto}
 * @param threads 0 for one per processor
 */
record Machine(String backend, int threads) {
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
