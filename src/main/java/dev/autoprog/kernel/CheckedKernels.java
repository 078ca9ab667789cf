package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/**
 * Checks every argument of every kernel, then hands on to the backend's own. What native code gets
 * to see is therefore always well formed; a bad call throws {@link IllegalArgumentException} with
 * the kernel, the argument, what was found and what was expected.
 */
public final class CheckedKernels implements Kernels {
  private final Kernels kernels;
  private final Device device;
  private final Runnable guard;

  /**
   * Checks in front of {@code kernels}.
   *
   * @param device where all tensors must lie
   * @param guard run first in every call; throws if the caller may not compute now
   */
  public CheckedKernels(Kernels kernels, Device device, Runnable guard) {
    this.kernels = kernels;
    this.device = device;
    this.guard = guard;
  }

  @Override
  public void fill(Tensor x, float value) {
    begin("fill").output("x", x);
    kernels.fill(x, value);
  }

  @Override
  public void add(Tensor a, Tensor b, Tensor out) {
    begin("add")
        .activation("a", a)
        .activation("b", b, a.elements())
        .result("out", out, a.elements(), a, b);
    kernels.add(a, b, out);
  }

  @Override
  public void convert(Tensor from, Tensor to) {
    begin("convert").activation("from", from).floats("to", to, from.elements());
    kernels.convert(from, to);
  }

  @Override
  public void sumRows(RowsShape s, Tensor x, Tensor sum) {
    begin("sumRows").activationOfAtLeast("x", x, Shapes.span(s)).output("sum", sum, s.columns());
    kernels.sumRows(s, x, sum);
  }

  @Override
  public void linearForward(
      LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor base, Tensor y) {
    begin("linearForward")
        .activation("x", x, elements(s.rows(), s.in()))
        .activation("weight", weight, elements(s.out(), s.in()))
        .inputOrNull("bias", bias, s.out())
        .activationOrNull("base", base, elements(s.rows(), s.out()))
        .resultOrFloats("y", y, elements(s.rows(), s.out()));
    kernels.linearForward(s, x, weight, bias, base, y);
  }

  @Override
  public void linearGeluForward(
      LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor slope) {
    begin("linearGeluForward")
        .activation("x", x, elements(s.rows(), s.in()))
        .activation("weight", weight, elements(s.out(), s.in()))
        .inputOrNull("bias", bias, s.out())
        .result("y", y, elements(s.rows(), s.out()))
        .result("slope", slope, elements(s.rows(), s.out()));
    kernels.linearGeluForward(s, x, weight, bias, y, slope);
  }

  @Override
  public void linearBackwardInput(
      LinearShape s, Tensor dy, Tensor weight, Tensor scale, Tensor dx) {
    begin("linearBackwardInput")
        .activation("dy", dy, elements(s.rows(), s.out()))
        .activation("weight", weight, elements(s.out(), s.in()))
        .activationOrNull("scale", scale, elements(s.rows(), s.in()))
        .result("dx", dx, elements(s.rows(), s.in()));
    kernels.linearBackwardInput(s, dy, weight, scale, dx);
  }

  @Override
  public void linearBackwardWeight(
      LinearShape s, Tensor x, Tensor dy, Tensor dWeight, Tensor dBias) {
    begin("linearBackwardWeight")
        .activation("x", x, elements(s.rows(), s.in()))
        .activation("dy", dy, elements(s.rows(), s.out()))
        .output("dWeight", dWeight, elements(s.out(), s.in()))
        .outputOrNull("dBias", dBias, s.out());
    kernels.linearBackwardWeight(s, x, dy, dWeight, dBias);
  }

  @Override
  public void attentionForward(AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp) {
    begin("attentionForward")
        .activation("qkv", qkv, elements(s.batch(), s.tokens(), 3, s.heads(), s.headDim()))
        .result("out", out, elements(s.batch(), s.tokens(), s.heads(), s.headDim()))
        .output("logSumExp", logSumExp, elements(s.batch(), s.heads(), s.tokens()));
    kernels.attentionForward(s, qkv, out, logSumExp);
  }

  @Override
  public void attentionBackward(
      AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv) {
    begin("attentionBackward")
        .activation("qkv", qkv, elements(s.batch(), s.tokens(), 3, s.heads(), s.headDim()))
        .activation("out", out, elements(s.batch(), s.tokens(), s.heads(), s.headDim()))
        .input("logSumExp", logSumExp, elements(s.batch(), s.heads(), s.tokens()))
        .activation("dOut", dOut, elements(s.batch(), s.tokens(), s.heads(), s.headDim()))
        .result("dQkv", dQkv, elements(s.batch(), s.tokens(), 3, s.heads(), s.headDim()));
    kernels.attentionBackward(s, qkv, out, logSumExp, dOut, dQkv);
  }

  @Override
  public void layerNormForward(
      RowsShape s,
      float epsilon,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    begin("layerNormForward")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("gain", gain, s.columns())
        .input("bias", bias, s.columns())
        .result("y", y, elements(s.rows(), s.columns()))
        .output("mean", mean, s.rows())
        .output("rstd", rstd, s.rows());
    kernels.layerNormForward(s, epsilon, x, gain, bias, y, mean, rstd);
  }

  @Override
  public void layerNormBackward(
      RowsShape s,
      Tensor x,
      Tensor gain,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx) {
    begin("layerNormBackward")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("gain", gain, s.columns())
        .input("mean", mean, s.rows())
        .input("rstd", rstd, s.rows())
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .activationOrNull("base", base, elements(s.rows(), s.columns()))
        .result("dx", dx, elements(s.rows(), s.columns()), base);
    kernels.layerNormBackward(s, x, gain, mean, rstd, dy, base, dx);
  }

  @Override
  public void layerNormBackwardParameters(
      RowsShape s, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    begin("layerNormBackwardParameters")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("mean", mean, s.rows())
        .input("rstd", rstd, s.rows())
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .output("dGain", dGain, s.columns())
        .output("dBias", dBias, s.columns());
    kernels.layerNormBackwardParameters(s, x, mean, rstd, dy, dGain, dBias);
  }

  @Override
  public void geluForward(Tensor x, Tensor y, Tensor slope) {
    ArgumentChecks checks = begin("geluForward").activation("x", x).result("y", y, x.elements());
    if (slope != null) {
      checks.result("slope", slope, x.elements(), x);
    }
    kernels.geluForward(x, y, slope);
  }

  @Override
  public void geluBackward(Tensor slope, Tensor dy, Tensor dx) {
    begin("geluBackward")
        .activation("slope", slope)
        .activation("dy", dy, slope.elements())
        .result("dx", dx, slope.elements(), dy, slope);
    kernels.geluBackward(slope, dy, dx);
  }

  @Override
  public void residualForward(RowsShape s, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    begin("residualForward")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .activation("branch", branch, elements(s.rows(), s.columns()))
        .inputOrNull("scale", scale, s.rows())
        .result("y", y, elements(s.rows(), s.columns()), x);
    kernels.residualForward(s, x, branch, scale, y);
  }

  @Override
  public void residualBackward(RowsShape s, Tensor dy, Tensor scale, Tensor dBranch) {
    begin("residualBackward")
        .dense(s)
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .input("scale", scale, s.rows())
        .result("dBranch", dBranch, elements(s.rows(), s.columns()));
    kernels.residualBackward(s, dy, scale, dBranch);
  }

  @Override
  public void assembleTokens(
      TokenShape s, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    begin("assembleTokens")
        .activation("patches", patches, elements(s.batch(), s.tokens() - 1, s.width()))
        .input("classToken", classToken, s.width())
        .input("positions", positions, elements(s.tokens(), s.width()))
        .result("out", out, elements(s.batch(), s.tokens(), s.width()));
    kernels.assembleTokens(s, patches, classToken, positions, out);
  }

  @Override
  public void assembleTokensBackward(TokenShape s, Tensor dy, Tensor dPatches) {
    begin("assembleTokensBackward")
        .activation("dy", dy, elements(s.batch(), s.tokens(), s.width()))
        .result("dPatches", dPatches, elements(s.batch(), s.tokens() - 1, s.width()));
    kernels.assembleTokensBackward(s, dy, dPatches);
  }

  @Override
  public void selectClassToken(TokenShape s, Tensor x, Tensor y) {
    begin("selectClassToken")
        .activation("x", x, elements(s.batch(), s.tokens(), s.width()))
        .result("y", y, elements(s.batch(), s.width()));
    kernels.selectClassToken(s, x, y);
  }

  @Override
  public void selectClassTokenBackward(TokenShape s, Tensor dy, Tensor dx) {
    begin("selectClassTokenBackward")
        .activation("dy", dy, elements(s.batch(), s.width()))
        .result("dx", dx, elements(s.batch(), s.tokens(), s.width()));
    kernels.selectClassTokenBackward(s, dy, dx);
  }

  @Override
  public void resizePositions(PositionShape s, Tensor positions, Tensor out) {
    begin("resizePositions")
        .input("positions", positions, elements(1 + elements(s.from(), s.from()), s.width()))
        .output("out", out, elements(1 + elements(s.to(), s.to()), s.width()));
    kernels.resizePositions(s, positions, out);
  }

  @Override
  public void resizePositionsBackward(PositionShape s, Tensor dy, Tensor dPositions) {
    begin("resizePositionsBackward")
        .input("dy", dy, elements(1 + elements(s.to(), s.to()), s.width()))
        .output("dPositions", dPositions, elements(1 + elements(s.from(), s.from()), s.width()));
    kernels.resizePositionsBackward(s, dy, dPositions);
  }

  @Override
  public void imageTransform(
      ImageShape s, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out) {
    begin("imageTransform")
        .input(
            "pixels", pixels, DType.UINT8, elements(s.batch(), s.channels(), s.height(), s.width()))
        .input("windows", windows, elements(s.batch(), 5))
        .input("mean", mean, s.channels())
        .input("std", std, s.channels())
        .output("out", out, elements(s.batch(), s.channels(), s.side(), s.side()));
    kernels.imageTransform(s, pixels, windows, mean, std, out);
  }

  @Override
  public void imageErase(ImageShape s, Tensor rectangles, Tensor images) {
    begin("imageErase")
        .input("rectangles", rectangles, DType.INT32, elements(s.batch(), 4))
        .output("images", images, elements(s.batch(), s.channels(), s.side(), s.side()));
    kernels.imageErase(s, rectangles, images);
  }

  @Override
  public void imageMix(ImageShape s, Tensor boxes, Tensor lambda, Tensor images) {
    begin("imageMix")
        .input("boxes", boxes, DType.INT32, elements(s.batch(), 4))
        .input("lambda", lambda, s.batch())
        .output("images", images, elements(s.batch(), s.channels(), s.side(), s.side()));
    kernels.imageMix(s, boxes, lambda, images);
  }

  @Override
  public void patchify(PatchShape s, Tensor images, Tensor patches) {
    begin("patchify")
        .input("images", images, elements(s.batch(), s.channels(), s.side(), s.side()))
        .result("patches", patches, elements(s.batch(), s.channels(), s.side(), s.side()));
    kernels.patchify(s, images, patches);
  }

  @Override
  public void crossEntropyForward(
      RowsShape s,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor losses,
      Tensor logSumExp) {
    begin("crossEntropyForward")
        .targets(s, logits, labels, partners, lambda)
        .output("losses", losses, s.rows())
        .output("logSumExp", logSumExp, s.rows());
    kernels.crossEntropyForward(s, logits, labels, partners, lambda, smoothing, losses, logSumExp);
  }

  @Override
  public void crossEntropyBackward(
      RowsShape s,
      Tensor logits,
      Tensor labels,
      Tensor partners,
      Tensor lambda,
      float smoothing,
      Tensor logSumExp,
      float scale,
      Tensor dLogits) {
    begin("crossEntropyBackward")
        .targets(s, logits, labels, partners, lambda)
        .input("logSumExp", logSumExp, s.rows())
        .output("dLogits", dLogits, elements(s.rows(), s.columns()));
    kernels.crossEntropyBackward(
        s, logits, labels, partners, lambda, smoothing, logSumExp, scale, dLogits);
  }

  @Override
  public void sumOfSquares(Tensor x, Tensor sum) {
    begin("sumOfSquares").input("x", x).output("sum", sum, 1);
    kernels.sumOfSquares(x, sum);
  }

  @Override
  public void adamW(
      AdamWStep step,
      Tensor w,
      Tensor g,
      Tensor m,
      Tensor v,
      Tensor squaredNorm,
      List<Tensor> emas,
      float[] emaDecays,
      Tensor rounded) {
    ArgumentChecks checks =
        begin("adamW")
            .input("g", g)
            .input("squaredNorm", squaredNorm, 1)
            .output("w", w, g.elements())
            .output("m", m, g.elements())
            .output("v", v, g.elements());
    for (int e = 0; e < emas.size(); e++) {
      checks.output("emas[" + e + "]", emas.get(e), g.elements());
    }
    if (rounded != null) {
      checks.output("rounded", rounded, DType.BFLOAT16, g.elements());
    }
    if (emas.size() > MAX_EMAS || emas.size() != emaDecays.length) {
      throw checks.bad(
          "emas",
          emas.size() + " with " + emaDecays.length + " decays",
          "as many decays as averages, at most " + MAX_EMAS);
    }
    if (step.step() < 1) {
      throw checks.bad("step", step.step(), "1 for the first update");
    }
    kernels.adamW(step, w, g, m, v, squaredNorm, emas, emaDecays, rounded);
  }

  @Override
  public void ntkGramContracted(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    gram("ntkGramContracted", s, x, dy, gram);
    kernels.ntkGramContracted(s, x, dy, gram);
  }

  @Override
  public void ntkGramTiled(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    gram("ntkGramTiled", s, x, dy, gram);
    kernels.ntkGramTiled(s, x, dy, gram);
  }

  private void gram(String kernel, JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    begin(kernel)
        .activation("x", x, elements(s.samples(), s.tokens(), s.in()))
        .activation("dy", dy, elements(s.samples(), s.tokens(), s.out()))
        .output("gram", gram, DType.FLOAT64, elements(s.samples(), s.samples()));
  }

  @Override
  public void ntkGramRows(RowsShape s, Tensor g, Tensor gram) {
    begin("ntkGramRows")
        .dense(s)
        .input("g", g, elements(s.rows(), s.columns()))
        .output("gram", gram, DType.FLOAT64, elements(s.rows(), s.rows()));
    kernels.ntkGramRows(s, g, gram);
  }

  @Override
  public void zicoUpdate(long batch, Tensor g, Tensor mean, Tensor magnitude, Tensor squares) {
    ArgumentChecks checks = begin("zicoUpdate").input("g", g);
    checks
        .output("mean", mean, g.elements())
        .output("magnitude", magnitude, g.elements())
        .output("squares", squares, g.elements());
    if (batch < 1) {
      throw checks.bad("batch", batch, "1 for the first");
    }
    kernels.zicoUpdate(batch, g, mean, magnitude, squares);
  }

  @Override
  public void zicoReduce(long batches, Tensor magnitude, Tensor squares, Tensor sum) {
    ArgumentChecks checks =
        begin("zicoReduce")
            .input("magnitude", magnitude)
            .input("squares", squares, magnitude.elements())
            .output("sum", sum, DType.FLOAT64, 1);
    if (batches < 1) {
      throw checks.bad("batches", batches, "1 or more");
    }
    kernels.zicoReduce(batches, magnitude, squares, sum);
  }

  @Override
  public void copySegments(Segments segments, Tensor from, Tensor to) {
    ArgumentChecks checks = begin("copySegments").input("from", from).output("to", to);
    for (int i = 0; i < segments.lengths().length; i++) {
      if (!segments.inside(i, from.elements(), to.elements())) {
        throw checks.bad(
            "segment " + i,
            segments.describe(i),
            "inside buffers of " + from.elements() + " and " + to.elements());
      }
    }
    int second = segments.firstOverlap();
    if (second >= 0) {
      throw checks.bad(
          "segment " + second, segments.describe(second), "a target that no other one overlaps");
    }
    kernels.copySegments(segments, from, to);
  }

  private ArgumentChecks begin(String kernel) {
    guard.run();
    return new ArgumentChecks(kernel, device);
  }
}
