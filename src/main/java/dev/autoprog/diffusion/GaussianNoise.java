package dev.autoprog.diffusion;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Tensor;
import java.util.function.IntToLongFunction;

/** Standard normal noise, each row of a tensor from a generator of its own. */
final class GaussianNoise {
  private GaussianNoise() {}

  /**
   * Fills a tensor.
   *
   * @param streams INT32 (B, 2), for the generators: overwritten
   * @param x FLOAT32 (B, …)
   * @param streamOf a row's, from its number below B
   */
  static void fill(
      Kernels kernels, Tensor streams, Tensor x, long seed, IntToLongFunction streamOf) {
    int batch = Math.toIntExact(x.shape().dim(0));
    int[] words = new int[2 * batch];
    for (int row = 0; row < batch; row++) {
      long stream = streamOf.applyAsLong(row);
      words[2 * row] = (int) stream;
      words[2 * row + 1] = (int) (stream >>> 32);
    }
    streams.set(words);
    kernels.gaussian(seed, batch, x.elements() / batch, streams, x);
  }
}
