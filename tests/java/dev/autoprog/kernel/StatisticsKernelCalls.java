package dev.autoprog.kernel;

import dev.autoprog.tensor.DType;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the statistics kernels with random data. Names are those of the contract. */
final class StatisticsKernelCalls {
  private StatisticsKernelCalls() {}

  static KernelCall ntkGramContracted(RandomData data, JacobianShape s) {
    return gram("ntkGramContracted", data, s)
        .body((k, t) -> k.ntkGramContracted(s, t.get("x"), t.get("dy"), t.get("gram")));
  }

  static KernelCall ntkGramTiled(RandomData data, JacobianShape s) {
    return gram("ntkGramTiled", data, s)
        .body((k, t) -> k.ntkGramTiled(s, t.get("x"), t.get("dy"), t.get("gram")));
  }

  private static KernelCall gram(String kernel, RandomData data, JacobianShape s) {
    long rows = s.samples() * s.tokens();
    return new KernelCall(kernel)
        .input("x", data.gaussian(rows * s.in()))
        .input("dy", data.gaussian(rows * s.out()))
        .updated("gram", DType.FLOAT64, data.prior(s.samples() * s.samples()))
        .typed("x", "dy");
  }

  static KernelCall ntkGramRows(RandomData data, long samples, long elements) {
    return new KernelCall("ntkGramRows")
        .input("g", data.gaussian(samples * elements))
        .updated("gram", DType.FLOAT64, data.prior(samples * samples))
        .body(
            (k, t) -> k.ntkGramRows(RowsShape.dense(samples, elements), t.get("g"), t.get("gram")));
  }

  /** The statistics are what earlier batches may have left; the first overwrites them. */
  static KernelCall zicoUpdate(RandomData data, long n, long batch) {
    KernelCall call = new KernelCall("zicoUpdate").input("g", data.awayFromZero(n));
    if (batch == 1) {
      call.output("mean", n).output("magnitude", n).output("squares", n);
    } else {
      call.updated("mean", data.awayFromZero(n))
          .updated("magnitude", data.uniform(n, 0.5, 2))
          .updated("squares", data.uniform(n, 0, 3));
    }
    return call.body(
        (k, t) ->
            k.zicoUpdate(batch, t.get("g"), t.get("mean"), t.get("magnitude"), t.get("squares")));
  }

  /** Of every third weight all gradients were equal. */
  static KernelCall zicoReduce(RandomData data, int n, long batches) {
    float[] squares = data.uniform(n, 0.1, 3);
    for (int i = 0; i < n; i += 3) {
      squares[i] = 0;
    }
    return new KernelCall("zicoReduce")
        .input("magnitude", data.uniform(n, 0, 2))
        .input("squares", squares)
        .updated("sum", DType.FLOAT64, data.uniform(1, 0, 5))
        .body((k, t) -> k.zicoReduce(batches, t.get("magnitude"), t.get("squares"), t.get("sum")));
  }
}
