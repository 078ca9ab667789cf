package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.GrowthKernels;
import dev.autoprog.kernel.Segments;
import dev.autoprog.tensor.Tensor;

/** Copies between flat buffers. */
interface ReferenceGrowth extends GrowthKernels {
  @Override
  default void copySegments(Segments segments, Tensor from, Tensor to) {
    double[] source = Values.read(from);
    double[] target = Values.read(to);
    for (int s = 0; s < segments.lengths().length; s++) {
      System.arraycopy(
          source,
          (int) segments.from()[s],
          target,
          (int) segments.to()[s],
          (int) segments.lengths()[s]);
    }
    Values.write(target, to);
  }
}
