package dev.autoprog.backend.jni;

import dev.autoprog.kernel.GrowthKernels;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code growth.cpp} and {@code growth.cu}. */
interface NativeGrowth extends GrowthKernels, NativeContext {
  @Override
  default void copySegments(Segments s, Tensor from, Tensor to) {
    check(
        KernelFunctions.ap_copy_segments(
            context(),
            s.lengths().length,
            s.from(),
            s.to(),
            s.lengths(),
            from.address(),
            to.address()));
  }
}
