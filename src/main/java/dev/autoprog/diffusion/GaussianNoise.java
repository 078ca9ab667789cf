package dev.autoprog.diffusion;

import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Tensor;
import java.util.function.IntFunction;

/** Standard normal noise, each row of a tensor from a generator of its own. */
final class GaussianNoise {
  private GaussianNoise() {}

  /**
   * Fills a tensor.
   *
   * @param x (B, …)
   * @param generators from the row's number, below B
   */
  static void fill(Tensor x, IntFunction<Rng> generators) {
    int batch = Math.toIntExact(x.shape().dim(0));
    float[] values = new float[Math.toIntExact(x.elements())];
    int sample = values.length / batch;
    for (int row = 0; row < batch; row++) {
      Rng rng = generators.apply(row);
      for (int i = 0; i < sample; i++) {
        values[row * sample + i] = (float) rng.nextGaussian();
      }
    }
    x.set(values);
  }
}
