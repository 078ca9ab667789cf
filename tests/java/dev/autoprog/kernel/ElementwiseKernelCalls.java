package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the FLOAT32 arithmetic of a sampler's step with random data. */
final class ElementwiseKernelCalls {
  private ElementwiseKernelCalls() {}

  /** {@code 0.75·x − 1.5·y + 0.3·z}, or without z. */
  static KernelCall linearCombination(RandomData data, long n, boolean three) {
    return new KernelCall("linearCombination")
        .input("x", data.gaussian(n))
        .input("y", data.gaussian(n))
        .input("z", three ? data.gaussian(n) : null)
        .output("out", n)
        .mayBe("out", "x")
        .mayBe("out", "y")
        .mayBe("out", "z")
        .body(
            (k, t) ->
                k.linearCombination(
                    0.75f, t.get("x"), -1.5f, t.get("y"), 0.3f, t.get("z"), t.get("out")));
  }

  /** {@code x + exp(a·v − 1.5)·z}. */
  static KernelCall addExponential(RandomData data, long n, float a) {
    return new KernelCall("addExponential")
        .input("x", data.gaussian(n))
        .input("v", data.uniform(n, -1, 1))
        .input("z", data.gaussian(n))
        .output("out", n)
        .mayBe("out", "x")
        .mayBe("out", "v")
        .mayBe("out", "z")
        .body(
            (k, t) -> k.addExponential(t.get("x"), a, t.get("v"), -1.5f, t.get("z"), t.get("out")));
  }

  /** To −0.5 … 0.75. */
  static KernelCall clamp(RandomData data, long n) {
    return new KernelCall("clamp")
        .input("x", data.gaussian(n))
        .output("out", n)
        .mayBe("out", "x")
        .body((k, t) -> k.clamp(-0.5f, 0.75f, t.get("x"), t.get("out")));
  }
}
