package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendResources;
import dev.autoprog.backend.jni.KernelLibrary;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;

/** One session's kernels, and the GPU's memory as that session counts it. */
final class CudaResources implements BackendResources {
  private final CudaKernels kernels;
  private final CudaDevice device;

  CudaResources(KernelLibrary library) {
    kernels = new CudaKernels(library);
    device = new CudaDevice(library, kernels);
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
    return true;
  }

  @Override
  public void close() {
    kernels.close();
  }
}
