package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;
import java.util.Map;

/**
 * Calls of the kernels that diffusion models have beside those of transformers, with random data.
 * Names are those of the contract.
 */
final class ConditioningKernelCalls {
  /** The chunks that calls use: neither in order nor at the borders where there is room. */
  static final int SHIFT = 2;

  static final int SCALE = 1;
  static final int GATE = 1;

  private ConditioningKernelCalls() {}

  static KernelCall siluForward(RandomData data, long n) {
    return new KernelCall("siluForward")
        .input("x", KernelCalls.geluInput(data, n))
        .output("y", n)
        .typed("x", "y")
        .body((k, t) -> k.siluForward(t.get("x"), t.get("y")));
  }

  static KernelCall siluBackward(RandomData data, long n) {
    return new KernelCall("siluBackward")
        .input("x", KernelCalls.geluInput(data, n))
        .input("dy", data.awayFromZero(n))
        .output("dx", n)
        .mayBe("dx", "dy")
        .mayBe("dx", "x")
        .typed("x", "dy", "dx")
        .body((k, t) -> k.siluBackward(t.get("x"), t.get("dy"), t.get("dx")));
  }

  static KernelCall gegluForward(RandomData data, RowsShape s) {
    long elements = s.rows() * s.columns();
    return new KernelCall("gegluForward")
        .input("x", data.awayFromZero(2 * elements))
        .output("y", elements)
        .typed("x", "y")
        .body((k, t) -> k.gegluForward(s, t.get("x"), t.get("y")));
  }

  static KernelCall gegluBackward(RandomData data, RowsShape s) {
    long elements = s.rows() * s.columns();
    return new KernelCall("gegluBackward")
        .input("x", data.awayFromZero(2 * elements))
        .input("dy", data.gaussian(elements))
        .output("dx", 2 * elements)
        .mayBe("dx", "x")
        .typed("x", "dy", "dx")
        .body((k, t) -> k.gegluBackward(s, t.get("x"), t.get("dy"), t.get("dx")));
  }

  static KernelCall mixRows(RandomData data, RowsShape s) {
    long elements = s.rows() * s.columns();
    return new KernelCall("mixRows")
        .input("a", data.uniform(s.rows(), 0.1, 1))
        .input("x", data.uniform(elements, 0, 2)) // terms of one sign: nothing cancels
        .input("b", data.uniform(s.rows(), 0.1, 1))
        .input("y", data.uniform(elements, 0, 2))
        .output("out", elements)
        .mayBe("out", "x")
        .mayBe("out", "y")
        .typed("x", "y", "out")
        .body((k, t) -> k.mixRows(s, t.get("a"), t.get("x"), t.get("b"), t.get("y"), t.get("out")));
  }

  private static long tokens(ModulationShape s) {
    return s.batch() * s.tokens() * s.width();
  }

  private static long chunks(ModulationShape s) {
    return s.batch() * s.chunks() * s.width();
  }

  static KernelCall modulatedNormForward(RandomData data, ModulationShape s) {
    return new KernelCall("modulatedNormForward")
        .input("x", data.uniform(tokens(s), -1, 2))
        .input("modulation", data.gaussian(chunks(s)))
        .output("y", tokens(s))
        .output("mean", s.batch() * s.tokens())
        .output("rstd", s.batch() * s.tokens())
        .typed("x", "modulation", "y")
        .body(
            (k, t) ->
                k.modulatedNormForward(
                    s,
                    SHIFT,
                    SCALE,
                    KernelCalls.LAYER_NORM_EPSILON,
                    t.get("x"),
                    t.get("modulation"),
                    t.get("y"),
                    t.get("mean"),
                    t.get("rstd")));
  }

  static KernelCall modulatedNormBackward(
      RandomData data, KernelCall forward, ModulationShape s, boolean base) {
    Map<String, float[]> saved = forward.onReference();
    return new KernelCall("modulatedNormBackward")
        .input("x", forward.floats("x"))
        .input("modulation", forward.floats("modulation"))
        .input("mean", saved.get("mean"))
        .input("rstd", saved.get("rstd"))
        .input("dy", data.gaussian(tokens(s)))
        .input("base", base ? data.gaussian(tokens(s)) : null)
        .output("dx", tokens(s))
        .updated("dModulation", data.prior(chunks(s)))
        .mayBe("dx", "base")
        .typed("x", "modulation", "dy", "base", "dx", "dModulation")
        .body(
            (k, t) ->
                k.modulatedNormBackward(
                    s,
                    SHIFT,
                    SCALE,
                    t.get("x"),
                    t.get("modulation"),
                    t.get("mean"),
                    t.get("rstd"),
                    t.get("dy"),
                    t.get("base"),
                    t.get("dx"),
                    t.get("dModulation")));
  }

  static KernelCall gateForward(RandomData data, ModulationShape s) {
    return new KernelCall("gateForward")
        .input("x", data.gaussian(tokens(s)))
        .input("branch", data.gaussian(tokens(s)))
        .input("modulation", data.gaussian(chunks(s)))
        .output("y", tokens(s))
        .mayBe("y", "x")
        .typed("x", "branch", "modulation", "y")
        .body(
            (k, t) ->
                k.gateForward(
                    s, GATE, t.get("x"), t.get("branch"), t.get("modulation"), t.get("y")));
  }

  static KernelCall gateBackward(RandomData data, ModulationShape s) {
    return new KernelCall("gateBackward")
        .input("dy", data.gaussian(tokens(s)))
        .input("branch", data.gaussian(tokens(s)))
        .input("modulation", data.gaussian(chunks(s)))
        .output("dBranch", tokens(s))
        .updated("dModulation", data.prior(chunks(s)))
        .typed("dy", "branch", "modulation", "dBranch", "dModulation")
        .body(
            (k, t) ->
                k.gateBackward(
                    s,
                    GATE,
                    t.get("dy"),
                    t.get("branch"),
                    t.get("modulation"),
                    t.get("dBranch"),
                    t.get("dModulation")));
  }

  static KernelCall addToTokens(RandomData data, ModulationShape s) {
    return new KernelCall("addToTokens")
        .input("x", data.gaussian(tokens(s)))
        .input("t", data.gaussian(chunks(s)))
        .output("y", tokens(s))
        .mayBe("y", "x")
        .typed("x", "t", "y")
        .body((k, t) -> k.addToTokens(s, t.get("x"), t.get("t"), t.get("y")));
  }

  static KernelCall sumOverTokens(RandomData data, ModulationShape s) {
    return new KernelCall("sumOverTokens")
        .input("dy", data.uniform(tokens(s), -1, 3))
        .output("dT", chunks(s))
        .typed("dy", "dT")
        .body((k, t) -> k.sumOverTokens(s, t.get("dy"), t.get("dT")));
  }

  static KernelCall embeddingForward(RandomData data, EmbeddingShape s) {
    return new KernelCall("embeddingForward")
        .input("indices", data.integers(s.count(), 0, (int) s.rows()))
        .input("table", data.gaussian(s.rows() * s.width()))
        .output("y", s.count() * s.width())
        .typed("table", "y")
        .body((k, t) -> k.embeddingForward(s, t.get("indices"), t.get("table"), t.get("y")));
  }

  static KernelCall embeddingBackward(RandomData data, EmbeddingShape s) {
    return new KernelCall("embeddingBackward")
        .input("indices", data.integers(s.count(), 0, (int) s.rows()))
        .input("dy", data.gaussian(s.count() * s.width()))
        .updated("dTable", data.prior(s.rows() * s.width()))
        .typed("dy")
        .body((k, t) -> k.embeddingBackward(s, t.get("indices"), t.get("dy"), t.get("dTable")));
  }

  static KernelCall timestepEmbedding(RandomData data, long count, long width) {
    return new KernelCall("timestepEmbedding")
        .input("t", data.uniform(count, 0, 1000))
        .output("y", count * width)
        .typed("y")
        .body((k, t) -> k.timestepEmbedding(count, width, 10_000, t.get("t"), t.get("y")));
  }

  static KernelCall gaussian(RandomData data, long seed, long batch, long n) {
    return new KernelCall("gaussian")
        .input("streams", data.integers(2 * batch, -(1 << 30), (1 << 30) - 1))
        .output("x", batch * n)
        .body((k, t) -> k.gaussian(seed, batch, n, t.get("streams"), t.get("x")));
  }
}
