package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the loss kernels with random data. Names are those of the contract. */
final class LossKernelCalls {
  private LossKernelCalls() {}

  /** Against one class each. */
  static KernelCall crossEntropyForward(RandomData data, RowsShape s, float smoothing) {
    return forward(logitsAndLabels(data, s), s, smoothing);
  }

  /** Against two classes each, which are the same now and then. */
  static KernelCall mixedForward(RandomData data, RowsShape s, float smoothing) {
    KernelCall call =
        logitsAndLabels(data, s)
            .input("partners", data.integers(s.rows(), 0, (int) s.columns()))
            .input("lambda", data.uniform(s.rows(), 0, 1));
    return forward(call, s, smoothing);
  }

  private static KernelCall logitsAndLabels(RandomData data, RowsShape s) {
    return new KernelCall("crossEntropyForward")
        .input("logits", data.uniform(s.rows() * s.columns(), -4, 4))
        .input("labels", data.integers(s.rows(), 0, (int) s.columns()));
  }

  private static KernelCall forward(KernelCall inputs, RowsShape s, float smoothing) {
    return inputs
        .output("losses", s.rows())
        .output("logSumExp", s.rows())
        .body(
            (k, t) ->
                k.crossEntropyForward(
                    s,
                    t.get("logits"),
                    t.get("labels"),
                    t.get("partners"),
                    t.get("lambda"),
                    smoothing,
                    t.get("losses"),
                    t.get("logSumExp")));
  }

  /** Against what the forward was against. */
  static KernelCall crossEntropyBackward(
      KernelCall forward, RowsShape s, float smoothing, float scale) {
    KernelCall call =
        new KernelCall("crossEntropyBackward")
            .input("logits", forward.floats("logits"))
            .input("labels", forward.integers("labels"));
    if (isMixed(forward)) {
      call.input("partners", forward.integers("partners"))
          .input("lambda", forward.floats("lambda"));
    }
    return call.input("logSumExp", forward.onReference().get("logSumExp"))
        .output("dLogits", s.rows() * s.columns())
        .body(
            (k, t) ->
                k.crossEntropyBackward(
                    s,
                    t.get("logits"),
                    t.get("labels"),
                    t.get("partners"),
                    t.get("lambda"),
                    smoothing,
                    t.get("logSumExp"),
                    scale,
                    t.get("dLogits")));
  }

  static boolean isMixed(KernelCall call) {
    return call.arguments().stream().anyMatch(argument -> argument.name().equals("partners"));
  }
}
