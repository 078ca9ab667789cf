package dev.autoprog.backend.jni;

import dev.autoprog.kernel.NoiseKernels;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code noise.cpp} and {@code noise.cu}. */
interface NativeNoise extends NoiseKernels, NativeContext {
  @Override
  default void gaussian(long seed, long batch, long n, Tensor streams, Tensor x) {
    check(KernelFunctions.ap_gaussian(context(), seed, batch, n, streams.address(), x.address()));
  }
}
