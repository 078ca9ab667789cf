package dev.autoprog.backend.reference;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.BackendProvider;
import dev.autoprog.backend.BackendResources;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.reference.ReferenceKernels;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;

/** The backend {@code reference}: plain Java, float64 inside, slow on purpose, on one thread. */
public final class ReferenceBackendProvider implements BackendProvider {
  /** For {@link java.util.ServiceLoader}. */
  public ReferenceBackendProvider() {}

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public Availability probe() {
    return Availability.on("plain Java, float64 inside, slow on purpose");
  }

  @Override
  public BackendResources open(int threads) {
    return new Resources(new ReferenceKernels(), new HostDevice());
  }

  private record Resources(Kernels kernels, Device device) implements BackendResources {
    @Override
    public boolean multipliesBFloat16() {
      return false;
    }

    @Override
    public void close() {}
  }
}
