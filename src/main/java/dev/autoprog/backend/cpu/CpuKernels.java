package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DeviceMemoryException;

/** Every kernel, on a native context of its own; for one thread at a time. */
final class CpuKernels
    implements Kernels,
        CpuElementwise,
        CpuLinear,
        CpuAttention,
        CpuLayerNorm,
        CpuActivation,
        CpuResidual,
        CpuModulation,
        CpuEmbedding,
        CpuToken,
        CpuImage,
        CpuConvolution,
        CpuGroupNorm,
        CpuFeatureMap,
        CpuLoss,
        CpuOptimizer,
        CpuStatistics,
        CpuGrowth,
        AutoCloseable {
  private static final long CONTEXT_BYTES = 1024;

  private long context;

  /** Kernels that run on {@code threads} threads. */
  CpuKernels(int threads) {
    context = NativeCpu.ap_context_create(threads);
    if (context == 0) {
      throw new DeviceMemoryException("host", CONTEXT_BYTES, "close other programs");
    }
  }

  @Override
  public long context() {
    if (context == 0) {
      throw new IllegalStateException("These kernels are closed");
    }
    return context;
  }

  /** Gives back scratch memory and compiled products; a second call does nothing. */
  @Override
  public void close() {
    if (context != 0) {
      NativeCpu.ap_context_destroy(context);
      context = 0;
    }
  }
}
