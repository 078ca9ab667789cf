package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendResources;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;

/** One session's kernels, and the host's memory as that session counts it. */
final class CpuResources implements BackendResources {
  private final CpuKernels kernels;
  private final HostDevice device = new HostDevice(CpuResources::allocate);

  CpuResources(int threads) {
    kernels = new CpuKernels(threads);
  }

  private static HostDevice.Block allocate(long bytes) {
    long address = NativeCpu.ap_allocate(bytes);
    return address == 0 ? null : new HostDevice.Block(address, () -> NativeCpu.ap_free(address));
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
    return CpuLibrary.load().isa() == InstructionSet.AVX512BF16;
  }

  @Override
  public void close() {
    kernels.close();
  }
}
