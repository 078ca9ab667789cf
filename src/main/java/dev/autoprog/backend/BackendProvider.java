package dev.autoprog.backend;

/**
 * What a backend must offer; found by {@link java.util.ServiceLoader}. Probing must work on every
 * machine: a backend that cannot serve says why and what to do, and throws nothing.
 */
public interface BackendProvider {
  /** The name users select it by, in lower case. */
  String name();

  /** Its place on the ladder; the highest that can serve is what {@code auto} takes. */
  int rank();

  /** Whether it can serve here; cheap after the first call. */
  Availability probe();

  /**
   * Opens it for one session.
   *
   * @param threads the size of its thread team, at least 1; a backend without threads ignores it
   */
  BackendResources open(int threads);
}
