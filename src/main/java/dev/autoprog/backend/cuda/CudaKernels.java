package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.jni.KernelLibrary;
import dev.autoprog.backend.jni.NativeKernels;
import dev.autoprog.tensor.DeviceMemoryException;

/**
 * The kernels in CUDA C++. A call returns before its kernel has run; the device runs them in the
 * order of the calls, and what a call throws may be the failure of an earlier one.
 */
final class CudaKernels extends NativeKernels {
  /** {@code AP_OUT_OF_MEMORY}: the context stays usable. */
  private static final int OUT_OF_MEMORY = 2;

  /** {@code AP_DEVICE_LOST}: no call of the context succeeds any more. */
  static final int DEVICE_LOST = 3;

  private final KernelLibrary library;

  /** Kernels on a stream of their own. */
  CudaKernels(KernelLibrary library) {
    super(library, 1);
    this.library = library;
    try {
      check(CudaFunctions.ap_synchronize(context()));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  protected RuntimeException failure(int code, String text) {
    return switch (code) {
      case OUT_OF_MEMORY -> {
        long[] free = new long[1];
        CudaFunctions.ap_device_memory(library.address(), free, new long[1]);
        yield new DeviceMemoryException(
            CudaDevice.NAME,
            CudaFunctions.ap_wanted_bytes(context()),
            free[0],
            "use a smaller batch, or close other programs (" + text + ")");
      }
      case DEVICE_LOST ->
          new BackendException(
              "The CUDA device failed (a call reported: "
                  + text
                  + "), and this process cannot use it any more. Start the program again; a"
                  + " training run goes on from its last checkpoint");
      default -> new BackendException("A CUDA kernel failed: " + text);
    };
  }
}
