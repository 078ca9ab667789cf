package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Copies between the flat buffers of a network and of the larger one that it grows into. */
public interface GrowthKernels {
  /**
   * {@code to[toOffset + i] = from[fromOffset + i]} for every segment; segments of {@code to} do
   * not overlap. Exact.
   */
  void copySegments(Segments segments, Tensor from, Tensor to);
}
