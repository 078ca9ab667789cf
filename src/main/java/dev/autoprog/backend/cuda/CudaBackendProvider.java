package dev.autoprog.backend.cuda;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.BackendProvider;
import dev.autoprog.backend.BackendResources;

/** The backend {@code cuda}. This build has no kernels for it, and says so. */
public final class CudaBackendProvider implements BackendProvider {
  private static final String MISSING = "this build has no CUDA kernels; use the backend cpu";

  /** For {@link java.util.ServiceLoader}. */
  public CudaBackendProvider() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int rank() {
    return 200;
  }

  @Override
  public Availability probe() {
    return Availability.missing(MISSING);
  }

  @Override
  public BackendResources open(int threads) {
    throw new BackendException("Backend cuda cannot serve here: " + MISSING);
  }
}
