package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendResources;
import dev.autoprog.backend.CapturedCalls;
import dev.autoprog.backend.jni.KernelLibrary;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Device;

/** One session's kernels, and the GPU's memory as that session counts it. */
final class CudaResources implements BackendResources {
  /** The system property that keeps calls from being captured, to compare or to debug. */
  private static final String ONE_BY_ONE_PROPERTY = "autoprog.cuda.one-by-one";

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
  public boolean captures() {
    return !Boolean.getBoolean(ONE_BY_ONE_PROPERTY);
  }

  @Override
  public CapturedCalls capture(Runnable calls) {
    return CudaGraph.capture(kernels, calls);
  }

  @Override
  public void close() {
    kernels.close();
  }
}
