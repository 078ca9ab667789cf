package dev.autoprog.kernel;

import dev.autoprog.tensor.DType;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Calls of the optimizer and growth kernels with random data. Names are those of the contract. */
final class OptimizerKernelCalls {
  private OptimizerKernelCalls() {}

  static KernelCall sumOfSquares(RandomData data, long n) {
    return new KernelCall("sumOfSquares")
        .input("x", data.gaussian(n))
        .updated("sum", data.uniform(1, 0, 5))
        .body((k, t) -> k.sumOfSquares(t.get("x"), t.get("sum")));
  }

  static final float LEARNING_RATE = 1e-2f;

  static AdamWConstants clippedAt(float maxNorm) {
    return new AdamWConstants(0.9f, 0.999f, 1e-8f, 0.05f, maxNorm);
  }

  /**
   * Update {@code step}, which counts from 1, with the learning rate {@link #LEARNING_RATE}.
   *
   * @param averages how many
   */
  static KernelCall adamW(
      RandomData data, long n, AdamWConstants constants, long step, int averages) {
    double[] decays = Arrays.copyOf(new double[] {0.998f, 0.9986f, 0.999f, 0.9996f}, averages);
    KernelCall call =
        new KernelCall("adamW")
            .input("g", data.gaussian(n))
            .input("squaredNorm", data.uniform(1, 1, 20))
            .input("rates", constants.rates(LEARNING_RATE, step, decays))
            .updated("w", data.awayFromZero(n))
            .updated("m", data.awayFromZero(n))
            .updated("v", data.uniform(n, 0.01, 2));
    for (int e = 0; e < averages; e++) {
      call.updated("emas[" + e + "]", data.awayFromZero(n));
    }
    if (averages > 0) {
      call.output("rounded", DType.BFLOAT16, n);
    }
    return call.body(
        (k, t) ->
            k.adamW(
                constants,
                t.get("rates"),
                t.get("w"),
                t.get("g"),
                t.get("m"),
                t.get("v"),
                t.get("squaredNorm"),
                IntStream.range(0, averages).mapToObj(e -> t.get("emas[" + e + "]")).toList(),
                t.get("rounded")));
  }

  /** Three pieces in another order, one of them empty, with a gap of one element between. */
  static KernelCall copySegments(RandomData data, int n) {
    int half = n / 2;
    Segments segments =
        new Segments(
            new long[] {0, n, half},
            new long[] {n + 1 - half, n + 1, 0},
            new long[] {half, 0, n - half});
    return new KernelCall("copySegments")
        .input("from", data.gaussian(n))
        .updated("to", data.gaussian(n + 1))
        .body((k, t) -> k.copySegments(segments, t.get("from"), t.get("to")));
  }
}
