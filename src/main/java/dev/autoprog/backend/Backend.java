package dev.autoprog.backend;

import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One rung of the ladder {@code cuda → cpu → reference}. */
public final class Backend {
  private static final Logger LOG = LoggerFactory.getLogger(Backend.class);
  private static final AtomicBoolean LOGGED = new AtomicBoolean();

  private final BackendProvider provider;

  private Backend(BackendProvider provider) {
    this.provider = provider;
  }

  /** Every backend that is known here, best first, whether it can serve or not. */
  public static List<Backend> all() {
    return ServiceLoader.load(BackendProvider.class, Backend.class.getClassLoader()).stream()
        .map(p -> new Backend(p.get()))
        .sorted(Comparator.comparingInt((Backend b) -> b.provider.rank()).reversed())
        .toList();
  }

  /**
   * The best backend that can serve. Every better rung that cannot is logged once, with the reason.
   */
  public static Backend auto() {
    StringBuilder skipped = new StringBuilder();
    for (Backend backend : all()) {
      Availability availability = backend.availability();
      if (availability.available()) {
        if (LOGGED.compareAndSet(false, true)) {
          LOG.info("backend {}: {}{}", backend.name(), availability.detail(), skipped);
        }
        return backend;
      }
      skipped.append("; not ").append(backend.name()).append(": ").append(availability.detail());
    }
    throw new BackendException("No backend can serve" + skipped);
  }

  /**
   * The backend of this name, or {@link #auto()} for {@code "auto"}.
   *
   * @throws BackendException if there is none, or it cannot serve here; nothing else is tried
   */
  public static Backend named(String name) {
    if (name.equals("auto")) {
      return auto();
    }
    List<Backend> all = all();
    for (Backend backend : all) {
      if (backend.name().equals(name)) {
        Availability availability = backend.availability();
        if (!availability.available()) {
          throw new BackendException(
              "Backend " + name + " cannot serve here: " + availability.detail());
        }
        return backend;
      }
    }
    throw new BackendException(
        "There is no backend named "
            + name
            + "; known: auto, "
            + all.stream().map(Backend::name).collect(Collectors.joining(", ")));
  }

  /** Its name. */
  public String name() {
    return provider.name();
  }

  /** Whether it can serve on this machine, and on what, or why not. */
  public Availability availability() {
    return provider.probe();
  }

  BackendResources open(int threads) {
    return provider.open(threads);
  }

  @Override
  public String toString() {
    return name();
  }
}
