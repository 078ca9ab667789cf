package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the convolution kernels with random data. */
final class ConvolutionKernelCalls {
  private ConvolutionKernelCalls() {}

  static long input(ConvolutionShape s) {
    return s.batch() * s.height() * s.width() * s.in();
  }

  static long output(ConvolutionShape s) {
    return s.unfolded().rows() * s.out();
  }

  static long weight(ConvolutionShape s) {
    return s.out() * s.patch();
  }

  static KernelCall forward(RandomData data, ConvolutionShape s, boolean biased) {
    return new KernelCall("convolutionForward")
        .input("x", data.gaussian(input(s)))
        .input("weight", data.gaussian(weight(s)))
        .input("bias", biased ? data.prior(s.out()) : null)
        .output("y", output(s))
        .typed("x", "weight", "y")
        .body(
            (k, t) ->
                k.convolutionForward(s, t.get("x"), t.get("weight"), t.get("bias"), t.get("y")));
  }

  static KernelCall backwardInput(RandomData data, ConvolutionShape s) {
    return new KernelCall("convolutionBackwardInput")
        .input("dy", data.gaussian(output(s)))
        .input("weight", data.gaussian(weight(s)))
        .output("dx", input(s))
        .typed("dy", "weight", "dx")
        .body((k, t) -> k.convolutionBackwardInput(s, t.get("dy"), t.get("weight"), t.get("dx")));
  }

  static KernelCall backwardWeight(RandomData data, ConvolutionShape s, boolean biased) {
    KernelCall call =
        new KernelCall("convolutionBackwardWeight")
            .input("x", data.gaussian(input(s)))
            .input("dy", data.gaussian(output(s)))
            .updated("dWeight", data.prior(weight(s)));
    if (biased) {
      call.updated("dBias", data.prior(s.out()));
    }
    return call.typed("x", "dy")
        .body(
            (k, t) ->
                k.convolutionBackwardWeight(
                    s, t.get("x"), t.get("dy"), t.get("dWeight"), t.get("dBias")));
  }

  static KernelCall unfold(RandomData data, ConvolutionShape s) {
    return new KernelCall("unfold")
        .input("x", data.gaussian(input(s)))
        .output("patches", s.unfolded().rows() * s.patch())
        .typed("x", "patches")
        .body((k, t) -> k.unfold(s, t.get("x"), t.get("patches")));
  }
}
