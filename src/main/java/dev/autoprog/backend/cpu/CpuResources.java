package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendResources;
import dev.autoprog.backend.jni.KernelLibrary;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;

/** One session's kernels, and the host's memory as that session counts it. */
final class CpuResources implements BackendResources {
  private final CpuLibrary library;
  private final CpuKernels kernels;
  private final HostDevice device = new HostDevice(this::allocate);

  CpuResources(CpuLibrary library, int threads) {
    this.library = library;
    kernels = new CpuKernels(library, threads);
  }

  private HostDevice.Block allocate(long bytes) {
    KernelLibrary memory = library.kernels();
    long address = memory.allocate(bytes);
    return address == 0 ? null : new HostDevice.Block(address, () -> memory.free(address));
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public boolean multipliesBFloat16() {
    return library.isa() == InstructionSet.AVX512BF16;
  }

  @Override
  public void close() {
    kernels.close();
  }
}
