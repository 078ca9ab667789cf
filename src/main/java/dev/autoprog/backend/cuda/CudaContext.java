package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendException;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Tensor;

/** What the kernel families of this backend share: the session's native context. */
interface CudaContext {
  /** The device that every session uses, as messages name it. */
  String DEVICE = "cuda:0";

  /** {@code AP_OUT_OF_MEMORY}: the context stays usable. */
  int OUT_OF_MEMORY = 2;

  /** {@code AP_DEVICE_LOST}: no call of the context succeeds any more. */
  int DEVICE_LOST = 3;

  /** The {@code ap_context*}. */
  long context();

  /**
   * Throws what the context says went wrong, unless {@code code} is 0. Kernels run later than they
   * are called: what is thrown may be the failure of an earlier one.
   */
  default void check(int code) {
    if (code != 0) {
      throw failure(code);
    }
  }

  private RuntimeException failure(int code) {
    String text = NativeCuda.ap_last_error(context());
    return switch (code) {
      case OUT_OF_MEMORY -> {
        long[] free = new long[1];
        NativeCuda.ap_device_memory(free, new long[1]);
        yield new DeviceMemoryException(
            DEVICE,
            NativeCuda.ap_wanted_bytes(context()),
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

  /** The number by which {@code autoprog.h} knows the tensor's element type. */
  static int type(Tensor tensor) {
    return tensor.dtype() == DType.BFLOAT16 ? 1 : 0;
  }

  /** The number by which {@code autoprog.h} knows the GELU. */
  static int gelu(Gelu gelu) {
    return gelu == Gelu.TANH ? 1 : 0;
  }

  /** The tensor's address, or NULL for none. */
  static long addressOrNull(Tensor tensor) {
    return tensor == null ? 0 : tensor.address();
  }
}
