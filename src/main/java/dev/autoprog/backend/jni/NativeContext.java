package dev.autoprog.backend.jni;

import dev.autoprog.kernel.Gelu;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** What the kernel families share: the native context that they run in. */
interface NativeContext {
  /** The context by which {@link KernelFunctions} knows it. */
  long context();

  /** Throws what the context says went wrong, unless {@code code} is 0. */
  void check(int code);

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
