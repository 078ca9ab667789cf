package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.GrowthKernels;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.Tensor;

/** {@code growth.cu}. */
interface CudaGrowth extends GrowthKernels, CudaContext {
  @Override
  default void copySegments(Segments s, Tensor from, Tensor to) {
    check(
        NativeCuda.ap_copy_segments(
            context(),
            s.lengths().length,
            s.from(),
            s.to(),
            s.lengths(),
            from.address(),
            to.address()));
  }
}
