package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the feature map kernels with random data. */
final class FeatureMapKernelCalls {
  private FeatureMapKernelCalls() {}

  private static long elements(FeatureMapShape s) {
    return s.batch() * s.height() * s.width() * s.channels();
  }

  static KernelCall upsampleForward(RandomData data, FeatureMapShape s) {
    return new KernelCall("upsampleForward")
        .input("x", data.gaussian(elements(s)))
        .output("y", 4 * elements(s))
        .typed("x", "y")
        .body((k, t) -> k.upsampleForward(s, t.get("x"), t.get("y")));
  }

  static KernelCall upsampleBackward(RandomData data, FeatureMapShape s) {
    return new KernelCall("upsampleBackward")
        .input("dy", data.prior(4 * elements(s)))
        .output("dx", elements(s))
        .typed("dy", "dx")
        .body((k, t) -> k.upsampleBackward(s, t.get("dy"), t.get("dx")));
  }

  static KernelCall concatenate(RandomData data, ConcatenationShape s) {
    return new KernelCall("concatenate")
        .input("a", data.gaussian(s.rows() * s.first()))
        .input("b", data.gaussian(s.rows() * s.second()))
        .output("out", s.rows() * s.columns())
        .typed("a", "b", "out")
        .body((k, t) -> k.concatenate(s, t.get("a"), t.get("b"), t.get("out")));
  }

  /** To both parts, or to one of them. */
  static KernelCall split(RandomData data, ConcatenationShape s, boolean first, boolean second) {
    KernelCall call = new KernelCall("split").input("x", data.gaussian(s.rows() * s.columns()));
    if (first) {
      call.output("a", s.rows() * s.first()).typed("a");
    }
    if (second) {
      call.output("b", s.rows() * s.second()).typed("b");
    }
    return call.typed("x").body((k, t) -> k.split(s, t.get("x"), t.get("a"), t.get("b")));
  }
}
