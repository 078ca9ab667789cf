package dev.autoprog.backend.cuda;

import dev.autoprog.backend.CapturedCalls;

/** Calls of a session's kernels as a CUDA graph, which ends with the session at the latest. */
final class CudaGraph implements CapturedCalls {
  private final CudaKernels kernels;
  private long address;

  private CudaGraph(CudaKernels kernels, long address) {
    this.kernels = kernels;
    this.address = address;
  }

  /** Notes the calls of {@code calls}. */
  static CudaGraph capture(CudaKernels kernels, Runnable calls) {
    kernels.check(CudaFunctions.ap_capture_begin(kernels.context()));
    try {
      calls.run();
    } catch (RuntimeException | Error e) {
      abandon(kernels);
      throw e;
    }
    long[] graph = new long[1];
    kernels.check(CudaFunctions.ap_capture_end(kernels.context(), graph));
    return new CudaGraph(kernels, graph[0]);
  }

  /** What failed before says more than what fails here. */
  private static void abandon(CudaKernels kernels) {
    long[] graph = new long[1];
    if (CudaFunctions.ap_capture_end(kernels.context(), graph) == 0) {
      CudaFunctions.ap_graph_destroy(kernels.context(), graph[0]);
    }
  }

  @Override
  public void replay() {
    kernels.check(CudaFunctions.ap_graph_launch(kernels.context(), address));
  }

  @Override
  public void close() {
    if (address != 0 && kernels.isOpen()) {
      int code = CudaFunctions.ap_graph_destroy(kernels.context(), address);
      if (code != CudaKernels.DEVICE_LOST) {
        kernels.check(code);
      }
    }
    address = 0;
  }
}
