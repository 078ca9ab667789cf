package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link GrowthKernels}. */
interface CheckedGrowth extends CheckedFamily, GrowthKernels {
  @Override
  default void copySegments(Segments segments, Tensor from, Tensor to) {
    ArgumentChecks checks = begin("copySegments").input("from", from).output("to", to);
    for (int i = 0; i < segments.lengths().length; i++) {
      if (!segments.inside(i, from.elements(), to.elements())) {
        throw checks.bad(
            "segment " + i,
            segments.describe(i),
            "inside buffers of " + from.elements() + " and " + to.elements());
      }
    }
    int second = segments.firstOverlap();
    if (second >= 0) {
      throw checks.bad(
          "segment " + second, segments.describe(second), "a target that no other one overlaps");
    }
    unchecked().copySegments(segments, from, to);
  }
}
