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
    x.set(values(Math.toIntExact(x.shape().dim(0)), Math.toIntExact(x.elements()), generators));
  }

  /** The same in an array: as many values, an equal part of them for each of {@code batch} rows. */
  static float[] values(int batch, int elements, IntFunction<Rng> generators) {
    float[] values = new float[elements];
    int sample = elements / batch;
    for (int row = 0; row < batch; row++) {
      Rng rng = generators.apply(row);
      for (int i = 0; i < sample; i++) {
        values[row * sample + i] = (float) rng.nextGaussian();
      }
    }
    return values;
  }
}
