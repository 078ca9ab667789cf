package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendException;
import dev.autoprog.kernel.Kernels;

/**
 * Every kernel, on a native context of its own; for one thread at a time. A call returns before its
 * kernel has run; the device runs them in the order of the calls.
 */
final class CudaKernels
    implements Kernels,
        CudaElementwise,
        CudaLinear,
        CudaAttention,
        CudaLayerNorm,
        CudaActivation,
        CudaResidual,
        CudaModulation,
        CudaEmbedding,
        CudaToken,
        CudaImage,
        CudaConvolution,
        CudaGroupNorm,
        CudaFeatureMap,
        CudaLoss,
        CudaOptimizer,
        CudaStatistics,
        CudaGrowth,
        AutoCloseable {
  private long context;

  /** Kernels on a stream of their own. */
  CudaKernels() {
    context = NativeCuda.ap_context_create(1);
    if (context == 0) {
      throw new BackendException("The host has no memory for a context; close other programs");
    }
    try {
      check(NativeCuda.ap_synchronize(context));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public long context() {
    if (context == 0) {
      throw new IllegalStateException("These kernels are closed");
    }
    return context;
  }

  /** Whether {@link #close()} is still to come. */
  boolean isOpen() {
    return context != 0;
  }

  /**
   * Waits until everything has run, and gives back stream, scratch memory and pools; a second call
   * does nothing.
   */
  @Override
  public void close() {
    if (context != 0) {
      NativeCuda.ap_context_destroy(context);
      context = 0;
    }
  }
}
