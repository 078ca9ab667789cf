package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;
import java.util.Map;

/** Calls of the group norm kernels with random data. */
final class GroupNormKernelCalls {
  static final float EPSILON = 1e-5f;

  private GroupNormKernelCalls() {}

  private static long elements(GroupShape s) {
    return s.batch() * s.pixels() * s.channels();
  }

  static KernelCall forward(RandomData data, GroupShape s, boolean silu) {
    return new KernelCall("groupNormForward")
        .input("x", data.uniform(elements(s), -1, 2))
        .input("gain", data.gaussian(s.channels()))
        .input("bias", data.gaussian(s.channels()))
        .output("y", elements(s))
        .output("mean", s.batch() * s.groups())
        .output("rstd", s.batch() * s.groups())
        .typed("x", "y")
        .body(
            (k, t) ->
                k.groupNormForward(
                    s,
                    EPSILON,
                    silu,
                    t.get("x"),
                    t.get("gain"),
                    t.get("bias"),
                    t.get("y"),
                    t.get("mean"),
                    t.get("rstd")));
  }

  private static KernelCall saved(
      String kernel, RandomData data, KernelCall forward, GroupShape s) {
    Map<String, float[]> saved = forward.onReference();
    return new KernelCall(kernel)
        .input("x", forward.floats("x"))
        .input("gain", forward.floats("gain"))
        .input("bias", forward.floats("bias"))
        .input("mean", saved.get("mean"))
        .input("rstd", saved.get("rstd"))
        .input("dy", data.gaussian(elements(s)));
  }

  static KernelCall backward(
      RandomData data, KernelCall forward, GroupShape s, boolean silu, boolean base) {
    return saved("groupNormBackward", data, forward, s)
        .input("base", base ? data.gaussian(elements(s)) : null)
        .output("dx", elements(s))
        .mayBe("dx", "base")
        .typed("x", "dy", "base", "dx")
        .body(
            (k, t) ->
                k.groupNormBackward(
                    s,
                    silu,
                    t.get("x"),
                    t.get("gain"),
                    t.get("bias"),
                    t.get("mean"),
                    t.get("rstd"),
                    t.get("dy"),
                    t.get("base"),
                    t.get("dx")));
  }

  static KernelCall backwardParameters(
      RandomData data, KernelCall forward, GroupShape s, boolean silu) {
    return saved("groupNormBackwardParameters", data, forward, s)
        .updated("dGain", data.prior(s.channels()))
        .updated("dBias", data.prior(s.channels()))
        .typed("x", "dy")
        .body(
            (k, t) ->
                k.groupNormBackwardParameters(
                    s,
                    silu,
                    t.get("x"),
                    t.get("gain"),
                    t.get("bias"),
                    t.get("mean"),
                    t.get("rstd"),
                    t.get("dy"),
                    t.get("dGain"),
                    t.get("dBias")));
  }
}
