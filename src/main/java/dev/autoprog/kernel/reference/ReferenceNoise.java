package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.NoiseKernels;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Tensor;

/** Normal noise. */
interface ReferenceNoise extends NoiseKernels {
  @Override
  default void gaussian(long seed, long batch, long n, Tensor streams, Tensor x) {
    double[] words = Values.read(streams);
    double[] draws = new double[(int) (batch * n)];
    for (int b = 0; b < batch; b++) {
      long lower = (int) words[2 * b] & 0xFFFFFFFFL;
      Rng rng = Rng.ofStream(seed, lower | (long) words[2 * b + 1] << 32);
      for (int i = 0; i < n; i += 2) {
        double radius = Math.sqrt(-2 * Math.log((unsigned(rng) + 0.5) * 0x1p-32));
        double angle = 2 * Math.PI * unsigned(rng) * 0x1p-32;
        int at = (int) (b * n) + i;
        draws[at] = radius * Math.cos(angle);
        if (i + 1 < n) {
          draws[at + 1] = radius * Math.sin(angle);
        }
      }
    }
    Values.write(draws, x);
  }

  private static long unsigned(Rng rng) {
    return rng.nextInt() & 0xFFFFFFFFL;
  }
}
