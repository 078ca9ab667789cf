package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;
import java.util.Map;

/** Calls of cross attention with random data, for any shape. */
final class CrossAttentionKernelCalls {
  private CrossAttentionKernelCalls() {}

  static KernelCall forward(RandomData data, CrossAttentionShape s) {
    long queries = s.batch() * s.queries() * s.width();
    return new KernelCall("crossAttentionForward")
        .input("q", data.gaussian(queries))
        .input("kv", data.gaussian(2 * s.batch() * s.keys() * s.width()))
        .output("out", queries)
        .output("logSumExp", s.batch() * s.heads() * s.queries())
        .typed("q", "kv", "out")
        .body(
            (k, t) ->
                k.crossAttentionForward(
                    s, t.get("q"), t.get("kv"), t.get("out"), t.get("logSumExp")));
  }

  static KernelCall backward(RandomData data, KernelCall forward, CrossAttentionShape s) {
    Map<String, float[]> saved = forward.onReference();
    long queries = s.batch() * s.queries() * s.width();
    return new KernelCall("crossAttentionBackward")
        .input("q", forward.floats("q"))
        .input("kv", forward.floats("kv"))
        .input("out", saved.get("out"))
        .input("logSumExp", saved.get("logSumExp"))
        .input("dOut", data.gaussian(queries))
        .output("dQ", queries)
        .output("dKv", 2 * s.batch() * s.keys() * s.width())
        .typed("q", "kv", "out", "dOut", "dQ", "dKv")
        .body(
            (k, t) ->
                k.crossAttentionBackward(
                    s,
                    t.get("q"),
                    t.get("kv"),
                    t.get("out"),
                    t.get("logSumExp"),
                    t.get("dOut"),
                    t.get("dQ"),
                    t.get("dKv")));
  }
}
