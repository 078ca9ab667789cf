package dev.autoprog.kernel;

import dev.autoprog.tensor.DType;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.Map;

/** A call of every kernel with random data, for any shape. Names are those of the contract. */
final class KernelCalls {
  static final float LAYER_NORM_EPSILON = 1e-6f;

  private KernelCalls() {}

  /** A small call of each kernel of the contract. */
  static List<KernelCall> ofEveryKernel(RandomData data) {
    LinearShape linear = new LinearShape(3, 5, 2);
    KernelCall attention = attentionForward(data, new AttentionShape(2, 3, 2, 8));
    CrossAttentionShape cross = new CrossAttentionShape(2, 3, 5, 2, 8);
    KernelCall crossAttention = CrossAttentionKernelCalls.forward(data, cross);
    RowsShape rows = RowsShape.dense(3, 5);
    KernelCall layerNorm = layerNormForward(data, rows);
    TokenShape tokens = new TokenShape(2, 5, 3);
    PositionShape positions = new PositionShape(2, 3, 4);
    ImageShape images = new ImageShape(2, 3, 5, 7, 4);
    ModulationShape modulation = new ModulationShape(2, 3, 5, 4);
    ModulationShape oneChunk = new ModulationShape(2, 3, 5, 1);
    KernelCall norm = ConditioningKernelCalls.modulatedNormForward(data, modulation);
    ConvolutionShape convolution = new ConvolutionShape(2, 3, 4, 2, 3, 3, 2, 1);
    GroupShape groups = new GroupShape(2, 3, 6, 2);
    KernelCall groupNorm = GroupNormKernelCalls.forward(data, groups, true);
    FeatureMapShape map = new FeatureMapShape(2, 3, 2, 3);
    ConcatenationShape sides = new ConcatenationShape(3, 2, 4);
    KernelCall loss = LossKernelCalls.mixedForward(data, rows, 0.1f);
    return List.of(
        fill(9),
        add(data, 9),
        ElementwiseKernelCalls.linearCombination(data, 9, true),
        ElementwiseKernelCalls.addExponential(data, 9, 2),
        ElementwiseKernelCalls.clamp(data, 9),
        convert(data, 9, DType.FLOAT32, DType.BFLOAT16),
        sumRows(data, new RowsShape(3, 5, 7)),
        LinearKernelCalls.forward(data, linear, true),
        LinearKernelCalls.geluForward(data, Gelu.TANH, linear, true),
        LinearKernelCalls.backwardInput(data, linear, true),
        LinearKernelCalls.backwardWeight(data, linear),
        attention,
        attentionBackward(data, attention, new AttentionShape(2, 3, 2, 8)),
        crossAttention,
        CrossAttentionKernelCalls.backward(data, crossAttention, cross),
        layerNorm,
        layerNormBackward(data, layerNorm, rows, true),
        layerNormBackwardParameters(data, layerNorm, rows),
        geluForward(data, Gelu.TANH, 9),
        geluBackward(data, 9),
        residualForward(data, rows, true),
        residualBackward(data, rows),
        ConditioningKernelCalls.siluForward(data, 9),
        ConditioningKernelCalls.siluBackward(data, 9),
        ConditioningKernelCalls.gegluForward(data, rows),
        ConditioningKernelCalls.gegluBackward(data, rows),
        ConditioningKernelCalls.mixRows(data, rows),
        norm,
        ConditioningKernelCalls.modulatedNormBackward(data, norm, modulation, true),
        ConditioningKernelCalls.gateForward(data, modulation),
        ConditioningKernelCalls.gateBackward(data, modulation),
        ConditioningKernelCalls.addToTokens(data, oneChunk),
        ConditioningKernelCalls.sumOverTokens(data, oneChunk),
        ConditioningKernelCalls.embeddingForward(data, new EmbeddingShape(5, 4, 3)),
        ConditioningKernelCalls.embeddingBackward(data, new EmbeddingShape(5, 4, 3)),
        ConditioningKernelCalls.timestepEmbedding(data, 3, 5),
        ConditioningKernelCalls.gaussian(data, 7, 3, 5),
        assembleTokens(data, tokens),
        assembleTokensBackward(data, tokens),
        selectClassToken(data, tokens),
        selectClassTokenBackward(data, tokens),
        resizePositions(data, positions),
        resizePositionsBackward(data, positions),
        ImageKernelCalls.imageTransform(data, images),
        ImageKernelCalls.imageErase(data, images),
        ImageKernelCalls.imageMix(data, images),
        ImageKernelCalls.patchify(data, new PatchShape(2, 3, 6, 3)),
        ImageKernelCalls.unpatchify(data, new PatchShape(2, 3, 6, 3)),
        ImageKernelCalls.unpatchifyBackward(data, new PatchShape(2, 3, 6, 3)),
        ConvolutionKernelCalls.forward(data, convolution, true),
        ConvolutionKernelCalls.backwardInput(data, convolution),
        ConvolutionKernelCalls.backwardWeight(data, convolution, true),
        ConvolutionKernelCalls.unfold(data, convolution),
        groupNorm,
        GroupNormKernelCalls.backward(data, groupNorm, groups, true, true),
        GroupNormKernelCalls.backwardParameters(data, groupNorm, groups, true),
        FeatureMapKernelCalls.upsampleForward(data, map),
        FeatureMapKernelCalls.upsampleBackward(data, map),
        FeatureMapKernelCalls.concatenate(data, sides),
        FeatureMapKernelCalls.split(data, sides, true, true),
        loss,
        LossKernelCalls.crossEntropyBackward(loss, rows, 0.1f, 0.5f),
        DiffusionLossKernelCalls.meanSquaredErrorForward(data, new RowsShape(3, 5, 7)),
        DiffusionLossKernelCalls.meanSquaredErrorBackward(data, new RowsShape(3, 5, 7)),
        DiffusionLossKernelCalls.variationalBoundForward(data, rows),
        DiffusionLossKernelCalls.variationalBoundBackward(data, rows),
        OptimizerKernelCalls.sumOfSquares(data, 9),
        OptimizerKernelCalls.adamW(data, 9, OptimizerKernelCalls.clippedAt(1), 1, 2),
        StatisticsKernelCalls.ntkGramContracted(data, new JacobianShape(2, 3, 4, 5)),
        StatisticsKernelCalls.ntkGramTiled(data, new JacobianShape(2, 3, 4, 5)),
        StatisticsKernelCalls.ntkGramRows(data, 2, 9),
        StatisticsKernelCalls.zicoUpdate(data, 9, 2),
        StatisticsKernelCalls.zicoReduce(data, 9, 2),
        OptimizerKernelCalls.copySegments(data, 9));
  }

  static KernelCall fill(long n) {
    return new KernelCall("fill")
        .output("x", n)
        .typed("x")
        .body((k, t) -> k.fill(t.get("x"), -1.5f));
  }

  static KernelCall add(RandomData data, long n) {
    return new KernelCall("add")
        .input("a", data.gaussian(n))
        .input("b", data.gaussian(n))
        .output("out", n)
        .mayBe("out", "a")
        .mayBe("out", "b")
        .typed("a", "b", "out")
        .body((k, t) -> k.add(t.get("a"), t.get("b"), t.get("out")));
  }

  static KernelCall convert(RandomData data, long n, DType from, DType to) {
    return new KernelCall("convert")
        .input("from", from, data.gaussian(n))
        .output("to", to, n)
        .body((k, t) -> k.convert(t.get("from"), t.get("to")));
  }

  static KernelCall sumRows(RandomData data, RowsShape s) {
    return new KernelCall("sumRows")
        .input("x", data.uniform((s.rows() - 1) * s.stride() + s.columns(), -1, 3))
        .updated("sum", data.prior(s.columns()))
        .typed("x")
        .body((k, t) -> k.sumRows(s, t.get("x"), t.get("sum")));
  }

  static KernelCall attentionForward(RandomData data, AttentionShape s) {
    long elements = s.batch() * s.tokens() * s.width();
    return new KernelCall("attentionForward")
        .input("qkv", data.gaussian(3 * elements))
        .output("out", elements)
        .output("logSumExp", s.batch() * s.heads() * s.tokens())
        .typed("qkv", "out")
        .body((k, t) -> k.attentionForward(s, t.get("qkv"), t.get("out"), t.get("logSumExp")));
  }

  static KernelCall attentionBackward(RandomData data, KernelCall forward, AttentionShape s) {
    Map<String, float[]> saved = forward.onReference();
    long elements = s.batch() * s.tokens() * s.width();
    return new KernelCall("attentionBackward")
        .input("qkv", forward.floats("qkv"))
        .input("out", saved.get("out"))
        .input("logSumExp", saved.get("logSumExp"))
        .input("dOut", data.gaussian(elements))
        .output("dQkv", 3 * elements)
        .typed("qkv", "out", "dOut", "dQkv")
        .body(
            (k, t) ->
                k.attentionBackward(
                    s,
                    t.get("qkv"),
                    t.get("out"),
                    t.get("logSumExp"),
                    t.get("dOut"),
                    t.get("dQkv")));
  }

  static KernelCall layerNormForward(RandomData data, RowsShape s) {
    return new KernelCall("layerNormForward")
        .input("x", data.uniform(s.rows() * s.columns(), -1, 2))
        .input("gain", data.gaussian(s.columns()))
        .input("bias", data.gaussian(s.columns()))
        .output("y", s.rows() * s.columns())
        .output("mean", s.rows())
        .output("rstd", s.rows())
        .typed("x", "y")
        .body(
            (k, t) ->
                k.layerNormForward(
                    s,
                    LAYER_NORM_EPSILON,
                    t.get("x"),
                    t.get("gain"),
                    t.get("bias"),
                    t.get("y"),
                    t.get("mean"),
                    t.get("rstd")));
  }

  static KernelCall layerNormBackward(
      RandomData data, KernelCall forward, RowsShape s, boolean base) {
    Map<String, float[]> saved = forward.onReference();
    long elements = s.rows() * s.columns();
    return new KernelCall("layerNormBackward")
        .input("x", forward.floats("x"))
        .input("gain", forward.floats("gain"))
        .input("mean", saved.get("mean"))
        .input("rstd", saved.get("rstd"))
        .input("dy", data.gaussian(elements))
        .input("base", base ? data.gaussian(elements) : null)
        .output("dx", elements)
        .mayBe("dx", "base")
        .typed("x", "dy", "base", "dx")
        .body(
            (k, t) ->
                k.layerNormBackward(
                    s,
                    t.get("x"),
                    t.get("gain"),
                    t.get("mean"),
                    t.get("rstd"),
                    t.get("dy"),
                    t.get("base"),
                    t.get("dx")));
  }

  static KernelCall layerNormBackwardParameters(RandomData data, KernelCall forward, RowsShape s) {
    Map<String, float[]> saved = forward.onReference();
    return new KernelCall("layerNormBackwardParameters")
        .input("x", forward.floats("x"))
        .input("mean", saved.get("mean"))
        .input("rstd", saved.get("rstd"))
        .input("dy", data.gaussian(s.rows() * s.columns()))
        .updated("dGain", data.prior(s.columns()))
        .updated("dBias", data.prior(s.columns()))
        .typed("x", "dy")
        .body(
            (k, t) ->
                k.layerNormBackwardParameters(
                    s,
                    t.get("x"),
                    t.get("mean"),
                    t.get("rstd"),
                    t.get("dy"),
                    t.get("dGain"),
                    t.get("dBias")));
  }

  static KernelCall geluForward(RandomData data, Gelu gelu, long n) {
    return new KernelCall("geluForward")
        .input("x", geluInput(data, n))
        .output("y", n)
        .output("slope", n)
        .mayBe("slope", "x")
        .typed("x", "y", "slope")
        .body((k, t) -> k.geluForward(gelu, t.get("x"), t.get("y"), t.get("slope")));
  }

  static KernelCall geluBackward(RandomData data, long n) {
    return new KernelCall("geluBackward")
        .input("slope", data.gaussian(n))
        .input("dy", data.gaussian(n))
        .output("dx", n)
        .mayBe("dx", "dy")
        .mayBe("dx", "slope")
        .typed("slope", "dy", "dx")
        .body((k, t) -> k.geluBackward(t.get("slope"), t.get("dy"), t.get("dx")));
  }

  /** Both tails and the zero of the derivative, but never these alone: bounds are on the norm. */
  static float[] geluInput(RandomData data, long n) {
    float[] x = data.uniform(n, -6, 6);
    x[0] = 1;
    return x;
  }

  static KernelCall residualForward(RandomData data, RowsShape s, boolean scale) {
    long elements = s.rows() * s.columns();
    return new KernelCall("residualForward")
        .input("x", data.gaussian(elements))
        .input("branch", data.gaussian(elements))
        .input("scale", scale ? keepFactors(data, s.rows()) : null)
        .output("y", elements)
        .mayBe("y", "x")
        .typed("x", "branch", "y")
        .body(
            (k, t) ->
                k.residualForward(s, t.get("x"), t.get("branch"), t.get("scale"), t.get("y")));
  }

  static KernelCall residualBackward(RandomData data, RowsShape s) {
    return new KernelCall("residualBackward")
        .input("dy", data.gaussian(s.rows() * s.columns()))
        .input("scale", keepFactors(data, s.rows()))
        .output("dBranch", s.rows() * s.columns())
        .typed("dy", "dBranch")
        .body((k, t) -> k.residualBackward(s, t.get("dy"), t.get("scale"), t.get("dBranch")));
  }

  /** As stochastic depth draws them: 0, or 1/(1 − p). */
  private static float[] keepFactors(RandomData data, long n) {
    float[] factors = new float[(int) n];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = data.below(4) == 0 ? 0 : 1 / 0.9f;
    }
    return factors;
  }

  static KernelCall assembleTokens(RandomData data, TokenShape s) {
    return new KernelCall("assembleTokens")
        .input("patches", data.gaussian(s.batch() * (s.tokens() - 1) * s.width()))
        .input("classToken", data.gaussian(s.width()))
        .input("positions", data.gaussian(s.tokens() * s.width()))
        .output("out", s.batch() * s.tokens() * s.width())
        .typed("patches", "out")
        .body(
            (k, t) ->
                k.assembleTokens(
                    s, t.get("patches"), t.get("classToken"), t.get("positions"), t.get("out")));
  }

  static KernelCall assembleTokensBackward(RandomData data, TokenShape s) {
    return new KernelCall("assembleTokensBackward")
        .input("dy", data.gaussian(s.batch() * s.tokens() * s.width()))
        .output("dPatches", s.batch() * (s.tokens() - 1) * s.width())
        .typed("dy", "dPatches")
        .body((k, t) -> k.assembleTokensBackward(s, t.get("dy"), t.get("dPatches")));
  }

  static KernelCall selectClassToken(RandomData data, TokenShape s) {
    return new KernelCall("selectClassToken")
        .input("x", data.gaussian(s.batch() * s.tokens() * s.width()))
        .output("y", s.batch() * s.width())
        .typed("x", "y")
        .body((k, t) -> k.selectClassToken(s, t.get("x"), t.get("y")));
  }

  static KernelCall selectClassTokenBackward(RandomData data, TokenShape s) {
    return new KernelCall("selectClassTokenBackward")
        .input("dy", data.gaussian(s.batch() * s.width()))
        .output("dx", s.batch() * s.tokens() * s.width())
        .typed("dy", "dx")
        .body((k, t) -> k.selectClassTokenBackward(s, t.get("dy"), t.get("dx")));
  }

  static KernelCall resizePositions(RandomData data, PositionShape s) {
    return new KernelCall("resizePositions")
        .input("positions", data.gaussian((1 + s.from() * s.from()) * s.width()))
        .output("out", (1 + s.to() * s.to()) * s.width())
        .body((k, t) -> k.resizePositions(s, t.get("positions"), t.get("out")));
  }

  static KernelCall resizePositionsBackward(RandomData data, PositionShape s) {
    return new KernelCall("resizePositionsBackward")
        .input("dy", data.gaussian((1 + s.to() * s.to()) * s.width()))
        .updated("dPositions", data.prior((1 + s.from() * s.from()) * s.width()))
        .body((k, t) -> k.resizePositionsBackward(s, t.get("dy"), t.get("dPositions")));
  }
}
