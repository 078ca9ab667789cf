package dev.autoprog.backend.jni;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.DeviceMemoryException;

/** Every kernel of a library, on a native context of its own; for one thread at a time. */
public abstract class NativeKernels
    implements Kernels,
        NativeElementwise,
        NativeLinear,
        NativeAttention,
        NativeLayerNorm,
        NativeActivation,
        NativeResidual,
        NativeModulation,
        NativeEmbedding,
        NativeNoise,
        NativeToken,
        NativeImage,
        NativeConvolution,
        NativeGroupNorm,
        NativeFeatureMap,
        NativeLoss,
        NativeOptimizer,
        NativeStatistics,
        NativeGrowth,
        AutoCloseable {
  private static final long CONTEXT_BYTES = 1024;

  private long context;

  /**
   * Kernels in a context of their own.
   *
   * @param threads of the host that they run on; a library whose device has its own ignores it
   */
  protected NativeKernels(KernelLibrary library, int threads) {
    context = KernelFunctions.create(library.address(), threads);
    if (context == 0) {
      throw new DeviceMemoryException("host", CONTEXT_BYTES, "close other programs");
    }
  }

  /**
   * What a call's code, which is not 0, means.
   *
   * @param text the context's own words
   */
  protected abstract RuntimeException failure(int code, String text);

  @Override
  public final long context() {
    if (context == 0) {
      throw new IllegalStateException("These kernels are closed");
    }
    return context;
  }

  @Override
  public final void check(int code) {
    if (code != 0) {
      throw failure(code, KernelFunctions.ap_last_error(context()));
    }
  }

  /** Whether {@link #close()} is still to come. */
  public final boolean isOpen() {
    return context != 0;
  }

  /**
   * Waits for what still runs, and gives back what the context holds; a second call does nothing.
   */
  @Override
  public final void close() {
    if (context != 0) {
      KernelFunctions.destroy(context);
      context = 0;
    }
  }
}
