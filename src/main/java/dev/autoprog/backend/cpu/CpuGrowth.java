package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.GrowthKernels;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.Tensor;

/** {@code growth.cpp}. */
interface CpuGrowth extends GrowthKernels, CpuContext {
  @Override
  default void copySegments(Segments s, Tensor from, Tensor to) {
    check(
        NativeCpu.ap_copy_segments(
            context(),
            s.lengths().length,
            s.from(),
            s.to(),
            s.lengths(),
            from.address(),
            to.address()));
  }
}
