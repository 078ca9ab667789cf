package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link NoiseKernels}. */
interface CheckedNoise extends CheckedFamily, NoiseKernels {
  @Override
  default void gaussian(long seed, long batch, long n, Tensor streams, Tensor x) {
    Shapes.positive("batch", batch, "n", n);
    begin("gaussian")
        .input("streams", streams, DType.INT32, elements(batch, 2))
        .output("x", x, elements(batch, n));
    unchecked().gaussian(seed, batch, n, streams, x);
  }
}
