package dev.autoprog.backend.cuda;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.BackendProvider;
import dev.autoprog.backend.BackendResources;

/**
 * The backend {@code cuda}: kernels in CUDA C++ on the first GPU, matrix products by cuBLASLt,
 * which comes from the machine.
 */
public final class CudaBackendProvider implements BackendProvider {
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
    try {
      long library = CudaLibrary.load().address();
      return Availability.on(CudaFunctions.ap_device_description(library));
    } catch (BackendException e) {
      return Availability.missing(e.getMessage());
    }
  }

  @Override
  public BackendResources open(int threads) {
    return new CudaResources(CudaLibrary.load());
  }
}
