package dev.autoprog.backend.cpu;

import dev.autoprog.backend.BackendException;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** What the kernel families of this backend share: the session's native context. */
interface CpuContext {
  /** The {@code ap_context*}. */
  long context();

  /** Throws what the context says went wrong, unless {@code code} is 0. */
  default void check(int code) {
    if (code != 0) {
      throw new BackendException("A CPU kernel failed: " + NativeCpu.ap_last_error(context()));
    }
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
