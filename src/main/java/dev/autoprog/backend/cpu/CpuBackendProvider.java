package dev.autoprog.backend.cpu;

import dev.autoprog.Counted;
import dev.autoprog.backend.Availability;
import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.BackendProvider;
import dev.autoprog.backend.BackendResources;

/**
 * The backend {@code cpu}: kernels in C++ with SIMD on a team of threads, matrix products by
 * oneDNN.
 */
public final class CpuBackendProvider implements BackendProvider {
  /** For {@link java.util.ServiceLoader}. */
  public CpuBackendProvider() {}

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int rank() {
    return 100;
  }

  @Override
  public Availability probe() {
    try {
      CpuLibrary library = CpuLibrary.load();
      return Availability.on(
          "%s, %s, %s, oneDNN %s"
              .formatted(
                  library.processor().name(),
                  library.isa().id(),
                  Counted.of(Runtime.getRuntime().availableProcessors(), "processor"),
                  CpuFunctions.ap_onednn_version(library.kernels().address())));
    } catch (BackendException e) {
      return Availability.missing(e.getMessage());
    }
  }

  @Override
  public BackendResources open(int threads) {
    return new CpuResources(CpuLibrary.load(), threads);
  }
}
