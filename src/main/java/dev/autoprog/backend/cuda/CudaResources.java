package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendResources;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;

/** One session's kernels, and the GPU's memory as that session counts it. */
final class CudaResources implements BackendResources {
  private final CudaKernels kernels = new CudaKernels();
  private final CudaDevice device = new CudaDevice(kernels);

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
    return true;
  }

  @Override
  public void close() {
    kernels.close();
  }
}
