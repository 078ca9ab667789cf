package dev.autoprog.kernel.reference;

/** {@code log Σ exp}, the logarithm of a softmax's denominator. */
final class LogSumExp {
  private LogSumExp() {}

  /** Of {@code n} values from {@code begin} on, the largest factored out against overflow. */
  static double of(double[] values, int begin, int n) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = begin; i < begin + n; i++) {
      max = Math.max(max, values[i]);
    }
    double sum = 0;
    for (int i = begin; i < begin + n; i++) {
      sum += Math.exp(values[i] - max);
    }
    return max + Math.log(sum);
  }
}
