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
   * Every available backend, the one that has threads with 1, 2 and 3 of them. The reference is
   * among them: it too must leave red zones alone, take unaligned tensors and work in place.
   *
   * @throws dev.autoprog.backend.BackendException if one was {@linkplain #ONLY named} that cannot
   *     serve
   */
  public static List<Candidate> all() {
    return backends()
        .flatMap(
            b ->
                IntStream.rangeClosed(1, b.name().equals("cpu") ? MOST_THREADS : 1)
                    .mapToObj(threads -> new Candidate(b, threads)))
        .toList();
  }

  private static Stream<Backend> backends() {
    return System.getProperty(ONLY) != null
        ? Stream.of(Backend.named(nameOr("auto")))
        : Backend.all().stream().filter(b -> b.availability().available());
  }

  /** The {@linkplain #ONLY named} backend, else {@code usual}: for tests that need but one. */
  public static String nameOr(String usual) {
    return System.getProperty(ONLY, usual);
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
