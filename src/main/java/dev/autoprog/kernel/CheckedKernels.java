package dev.autoprog.kernel;

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
    begin("fill").floats("x", x, x.elements());
    kernels.fill(x, value);
  }

  @Override
  public void add(Tensor a, Tensor b, Tensor out) {
    begin("add").floats("a", a, a.elements()).floats("b", b, a.elements()).floats("out", out, a);
    kernels.add(a, b, out);
  }

  @Override
  public void sumRows(RowsShape s, Tensor x, Tensor sum) {
    begin("sumRows")
        .atLeast("x", x, (s.rows() - 1) * s.stride() + s.columns())
        .floats("sum", sum, s.columns());
    kernels.sumRows(s, x, sum);
  }

  @Override
  public void linearForward(LinearShape s, Tensor x, Tensor weight, Tensor bias, Tensor y) {
    begin("linearForward")
        .floats("x", x, s.rows() * s.in())
        .floats("weight", weight, s.out() * s.in())
        .floatsOrNull("bias", bias, s.out())
        .floats("y", y, s.rows() * s.out())
        .apart("y", y, x, weight);
    kernels.linearForward(s, x, weight, bias, y);
  }

  @Override
  public void linearBackwardInput(LinearShape s, Tensor dy, Tensor weight, Tensor dx) {
    begin("linearBackwardInput")
        .floats("dy", dy, s.rows() * s.out())
        .floats("weight", weight, s.out() * s.in())
        .floats("dx", dx, s.rows() * s.in())
        .apart("dx", dx, dy, weight);
    kernels.linearBackwardInput(s, dy, weight, dx);
  }

  @Override
  public void linearBackwardWeight(LinearShape s, Tensor x, Tensor dy, Tensor dWeight) {
    begin("linearBackwardWeight")
        .floats("x", x, s.rows() * s.in())
        .floats("dy", dy, s.rows() * s.out())
        .floats("dWeight", dWeight, s.out() * s.in())
        .apart("dWeight", dWeight, x, dy);
    kernels.linearBackwardWeight(s, x, dy, dWeight);
  }

  @Override
  public void attentionForward(AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp) {
    long elements = s.batch() * s.tokens() * s.width();
    begin("attentionForward")
        .floats("qkv", qkv, 3 * elements)
        .floats("out", out, elements)
        .floats("logSumExp", logSumExp, s.batch() * s.heads() * s.tokens())
        .apart("out", out, qkv);
    kernels.attentionForward(s, qkv, out, logSumExp);
  }

  @Override
  public void attentionBackward(
      AttentionShape s, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv) {
    long elements = s.batch() * s.tokens() * s.width();
    begin("attentionBackward")
        .floats("qkv", qkv, 3 * elements)
        .floats("out", out, elements)
        .floats("logSumExp", logSumExp, s.batch() * s.heads() * s.tokens())
        .floats("dOut", dOut, elements)
        .floats("dQkv", dQkv, 3 * elements)
        .apart("dQkv", dQkv, qkv, out, logSumExp, dOut);
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
        .floats("x", x, s.rows() * s.columns())
        .floats("gain", gain, s.columns())
        .floats("bias", bias, s.columns())
        .floats("y", y, s.rows() * s.columns())
        .floats("mean", mean, s.rows())
        .floats("rstd", rstd, s.rows())
        .apart("y", y, x);
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
        .floats("x", x, s.rows() * s.columns())
        .floats("gain", gain, s.columns())
        .floats("mean", mean, s.rows())
        .floats("rstd", rstd, s.rows())
        .floats("dy", dy, s.rows() * s.columns())
        .floatsOrNull("base", base, s.rows() * s.columns())
        .floats("dx", dx, s.rows() * s.columns())
        .apart("dx", dx, x, dy);
    kernels.layerNormBackward(s, x, gain, mean, rstd, dy, base, dx);
  }

  @Override
  public void layerNormBackwardParameters(
      RowsShape s, Tensor x, Tensor mean, Tensor rstd, Tensor dy, Tensor dGain, Tensor dBias) {
    begin("layerNormBackwardParameters")
        .dense(s)
        .floats("x", x, s.rows() * s.columns())
        .floats("mean", mean, s.rows())
        .floats("rstd", rstd, s.rows())
        .floats("dy", dy, s.rows() * s.columns())
        .floats("dGain", dGain, s.columns())
        .floats("dBias", dBias, s.columns());
    kernels.layerNormBackwardParameters(s, x, mean, rstd, dy, dGain, dBias);
  }

  @Override
  public void geluForward(Tensor x, Tensor y) {
    begin("geluForward").floats("x", x, x.elements()).floats("y", y, x.elements());
    kernels.geluForward(x, y);
  }

  @Override
  public void geluBackward(Tensor x, Tensor dy, Tensor dx) {
    begin("geluBackward")
        .floats("x", x, x.elements())
        .floats("dy", dy, x.elements())
        .floats("dx", dx, x.elements());
    kernels.geluBackward(x, dy, dx);
  }

  @Override
  public void residualForward(RowsShape s, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    begin("residualForward")
        .dense(s)
        .floats("x", x, s.rows() * s.columns())
        .floats("branch", branch, s.rows() * s.columns())
        .floatsOrNull("scale", scale, s.rows())
        .floats("y", y, s.rows() * s.columns());
    kernels.residualForward(s, x, branch, scale, y);
  }

  @Override
  public void residualBackward(RowsShape s, Tensor dy, Tensor scale, Tensor dBranch) {
    begin("residualBackward")
        .dense(s)
        .floats("dy", dy, s.rows() * s.columns())
        .floats("scale", scale, s.rows())
        .floats("dBranch", dBranch, s.rows() * s.columns());
    kernels.residualBackward(s, dy, scale, dBranch);
  }

  @Override
  public void assembleTokens(
      TokenShape s, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    begin("assembleTokens")
        .floats("patches", patches, s.batch() * (s.tokens() - 1) * s.width())
        .floats("classToken", classToken, s.width())
        .floats("positions", positions, s.tokens() * s.width())
        .floats("out", out, s.batch() * s.tokens() * s.width())
        .apart("out", out, patches, classToken, positions);
    kernels.assembleTokens(s, patches, classToken, positions, out);
  }

  @Override
  public void assembleTokensBackward(TokenShape s, Tensor dy, Tensor dPatches) {
    begin("assembleTokensBackward")
        .floats("dy", dy, s.batch() * s.tokens() * s.width())
        .floats("dPatches", dPatches, s.batch() * (s.tokens() - 1) * s.width())
        .apart("dPatches", dPatches, dy);
    kernels.assembleTokensBackward(s, dy, dPatches);
  }

  @Override
  public void selectClassToken(TokenShape s, Tensor x, Tensor y) {
    begin("selectClassToken")
        .floats("x", x, s.batch() * s.tokens() * s.width())
        .floats("y", y, s.batch() * s.width())
        .apart("y", y, x);
    kernels.selectClassToken(s, x, y);
  }

  @Override
  public void selectClassTokenBackward(TokenShape s, Tensor dy, Tensor dx) {
    begin("selectClassTokenBackward")
        .floats("dy", dy, s.batch() * s.width())
        .floats("dx", dx, s.batch() * s.tokens() * s.width())
        .apart("dx", dx, dy);
    kernels.selectClassTokenBackward(s, dy, dx);
  }

  @Override
  public void resizePositions(PositionShape s, Tensor positions, Tensor out) {
    begin("resizePositions")
        .floats("positions", positions, (1 + s.from() * s.from()) * s.width())
        .floats("out", out, (1 + s.to() * s.to()) * s.width())
        .apart("out", out, positions);
    kernels.resizePositions(s, positions, out);
  }

  @Override
  public void resizePositionsBackward(PositionShape s, Tensor dy, Tensor dPositions) {
    begin("resizePositionsBackward")
        .floats("dy", dy, (1 + s.to() * s.to()) * s.width())
        .floats("dPositions", dPositions, (1 + s.from() * s.from()) * s.width())
        .apart("dPositions", dPositions, dy);
    kernels.resizePositionsBackward(s, dy, dPositions);
  }

  @Override
  public void imageTransform(
      ImageShape s, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out) {
    begin("imageTransform")
        .typed("pixels", pixels, DType.UINT8, s.batch() * s.channels() * s.height() * s.width())
        .floats("windows", windows, s.batch() * 5)
        .floats("mean", mean, s.channels())
        .floats("std", std, s.channels())
        .floats("out", out, s.batch() * s.channels() * s.side() * s.side());
    kernels.imageTransform(s, pixels, windows, mean, std, out);
  }

  @Override
  public void imageErase(ImageShape s, Tensor rectangles, Tensor images) {
    begin("imageErase")
        .typed("rectangles", rectangles, DType.INT32, s.batch() * 4)
        .floats("images", images, s.batch() * s.channels() * s.side() * s.side());
    kernels.imageErase(s, rectangles, images);
  }

  @Override
  public void patchify(PatchShape s, Tensor images, Tensor patches) {
    long elements = s.batch() * s.channels() * s.side() * s.side();
    begin("patchify")
        .floats("images", images, elements)
        .floats("patches", patches, elements)
        .apart("patches", patches, images);
    kernels.patchify(s, images, patches);
  }

  @Override
  public void crossEntropyForward(
      RowsShape s,
      Tensor logits,
      Tensor labels,
      float smoothing,
      Tensor losses,
      Tensor logSumExp) {
    begin("crossEntropyForward")
        .dense(s)
        .floats("logits", logits, s.rows() * s.columns())
        .typed("labels", labels, DType.INT32, s.rows())
        .floats("losses", losses, s.rows())
        .floats("logSumExp", logSumExp, s.rows());
    kernels.crossEntropyForward(s, logits, labels, smoothing, losses, logSumExp);
  }

  @Override
  public void crossEntropyBackward(
      RowsShape s,
      Tensor logits,
      Tensor labels,
      float smoothing,
      Tensor logSumExp,
      float scale,
      Tensor dLogits) {
    begin("crossEntropyBackward")
        .dense(s)
        .floats("logits", logits, s.rows() * s.columns())
        .typed("labels", labels, DType.INT32, s.rows())
        .floats("logSumExp", logSumExp, s.rows())
        .floats("dLogits", dLogits, s.rows() * s.columns());
    kernels.crossEntropyBackward(s, logits, labels, smoothing, logSumExp, scale, dLogits);
  }

  @Override
  public void sumOfSquares(Tensor x, Tensor sum) {
    begin("sumOfSquares").floats("x", x, x.elements()).floats("sum", sum, 1);
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
      float[] emaDecays) {
    Check check =
        begin("adamW")
            .floats("w", w, w.elements())
            .floats("g", g, w.elements())
            .floats("m", m, w.elements())
            .floats("v", v, w.elements())
            .floats("squaredNorm", squaredNorm, 1);
    for (Tensor ema : emas) {
      check.floats("emas", ema, w.elements());
    }
    if (emas.size() > MAX_EMAS || emas.size() != emaDecays.length) {
      throw check.bad(
          "emas",
          emas.size() + " with " + emaDecays.length + " decays",
          "as many decays as averages, at most " + MAX_EMAS);
    }
    if (step.step() < 1) {
      throw check.bad("step", step.step(), "1 for the first update");
    }
    kernels.adamW(step, w, g, m, v, squaredNorm, emas, emaDecays);
  }

  @Override
  public void copySegments(Segments segments, Tensor from, Tensor to) {
    Check check =
        begin("copySegments").floats("from", from, from.elements()).floats("to", to, to.elements());
    for (int i = 0; i < segments.lengths().length; i++) {
      long length = segments.lengths()[i];
      if (length < 0
          || segments.from()[i] < 0
          || segments.from()[i] + length > from.elements()
          || segments.to()[i] < 0
          || segments.to()[i] + length > to.elements()) {
        throw check.bad(
            "segment " + i,
            length + " elements from " + segments.from()[i] + " to " + segments.to()[i],
            "inside buffers of " + from.elements() + " and " + to.elements());
      }
    }
    check.apart("to", to, from);
    kernels.copySegments(segments, from, to);
  }

  private Check begin(String kernel) {
    guard.run();
    return new Check(kernel);
  }

  /** The checks of one call. */
  private final class Check {
    private final String kernel;

    Check(String kernel) {
      this.kernel = kernel;
    }

    Check floats(String name, Tensor tensor, Tensor like) {
      return floats(name, tensor, like.elements());
    }

    Check floats(String name, Tensor tensor, long elements) {
      return typed(name, tensor, DType.FLOAT32, elements);
    }

    Check floatsOrNull(String name, Tensor tensor, long elements) {
      return tensor == null ? this : floats(name, tensor, elements);
    }

    Check atLeast(String name, Tensor tensor, long elements) {
      typed(name, tensor, DType.FLOAT32, tensor == null ? 0 : tensor.elements());
      if (tensor.elements() < elements) {
        throw bad(name, tensor, elements + " elements or more");
      }
      return this;
    }

    Check typed(String name, Tensor tensor, DType dtype, long elements) {
      if (tensor == null) {
        throw bad(name, "null", "a tensor");
      }
      if (tensor.dtype() != dtype) {
        throw bad(name, tensor, dtype + ", the only type this kernel takes");
      }
      if (tensor.elements() != elements) {
        throw bad(name, tensor, elements + " elements");
      }
      if (tensor.device() != device) {
        throw bad(name, tensor, "a tensor on " + device.name());
      }
      tensor.address();
      return this;
    }

    Check dense(RowsShape s) {
      if (s.stride() != s.columns()) {
        throw bad("shape", s, "rows without gaps");
      }
      return this;
    }

    Check apart(String name, Tensor out, Tensor... inputs) {
      for (Tensor in : inputs) {
        if (out.address() < in.address() + in.bytes()
            && in.address() < out.address() + out.bytes()) {
          throw bad(name, out, "memory that overlaps no input");
        }
      }
      return this;
    }

    IllegalArgumentException bad(String name, Object found, String expected) {
      return new IllegalArgumentException(
          kernel + ": " + name + " is " + found + ", expected " + expected);
    }
  }
}
