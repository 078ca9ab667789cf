package dev.autoprog.testing;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.BackendProvider;
import dev.autoprog.backend.BackendResources;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.reference.ReferenceKernels;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import java.lang.reflect.Constructor;

/** A backend whose device has as much memory as a test gives it. Its kernels are the reference. */
public final class LimitedMemory implements BackendProvider {
  private final Device host = new HostDevice();
  private final Device limited = new HostDevice(this::take);
  private long limit = Long.MAX_VALUE;

  /** A session on such a device. */
  public Session open() throws ReflectiveOperationException {
    Constructor<Backend> backend = Backend.class.getDeclaredConstructor(BackendProvider.class);
    backend.setAccessible(true);
    return Session.open(backend.newInstance(this), 1);
  }

  /** From now on there is room for so many bytes beside those that are allocated. */
  public void leave(long bytes) {
    limit = host.allocatedBytes() + bytes;
  }

  private HostDevice.Block take(long bytes) {
    if (bytes > limit - host.allocatedBytes()) {
      return null;
    }
    Memory memory = host.allocate(bytes);
    return new HostDevice.Block(memory.address(), memory::close);
  }

  @Override
  public String name() {
    return "limited";
  }

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public Availability probe() {
    return Availability.on("a device with a limit");
  }

  @Override
  public BackendResources open(int threads) {
    return new Resources(new ReferenceKernels(), limited);
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
