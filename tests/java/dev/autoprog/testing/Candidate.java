package dev.autoprog.testing;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** A backend that can serve on this machine, with a number of threads. */
public record Candidate(Backend backend, int threads) {
  /** Names the only backend to test; all that can serve without it. */
  public static final String ONLY = "autoprog.test.backend";

  private static final int MOST_THREADS = 3;

  /**
   * Every available backend with 1, 2 and 3 threads. The reference, which has one, is among them:
   * it too must leave red zones alone, take unaligned tensors and work in place.
   */
  public static List<Candidate> all() {
    return Backend.all().stream()
        .filter(b -> b.availability().available())
        .filter(b -> b.name().equals(System.getProperty(ONLY, b.name())))
        .flatMap(
            b ->
                IntStream.rangeClosed(1, b.name().equals("reference") ? 1 : MOST_THREADS)
                    .mapToObj(threads -> new Candidate(b, threads)))
        .toList();
  }

  /** Every candidate with every one of {@code cases}. */
  public static Stream<Arguments> times(List<?> cases) {
    return all().stream().flatMap(c -> cases.stream().map(one -> Arguments.of(c, one)));
  }

  /** A session on it. */
  public Session open() {
    return Session.open(backend, threads);
  }

  @Override
  public String toString() {
    return backend.name() + "×" + threads;
  }
}
