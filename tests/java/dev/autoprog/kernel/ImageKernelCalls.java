package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the image kernels with random data. Names are those of the contract. */
final class ImageKernelCalls {
  private ImageKernelCalls() {}

  static KernelCall imageTransform(RandomData data, ImageShape s) {
    return new KernelCall("imageTransform")
        .input("pixels", data.bytes(s.batch() * s.channels() * s.height() * s.width()))
        .input("windows", windows(data, s))
        .input("mean", data.uniform(s.channels(), 0.3, 0.6))
        .input("std", data.uniform(s.channels(), 0.2, 0.3))
        .output("out", s.batch() * s.channels() * s.side() * s.side())
        .body(
            (k, t) ->
                k.imageTransform(
                    s,
                    t.get("pixels"),
                    t.get("windows"),
                    t.get("mean"),
                    t.get("std"),
                    t.get("out")));
  }

  /** Windows that lie partly outside the image now and then. */
  private static float[] windows(RandomData data, ImageShape s) {
    float[] windows = new float[(int) s.batch() * 5];
    for (int b = 0; b < s.batch(); b++) {
      windows[b * 5] = data.uniform(1, -0.2, 0.5)[0] * s.height();
      windows[b * 5 + 1] = data.uniform(1, -0.2, 0.5)[0] * s.width();
      windows[b * 5 + 2] = data.uniform(1, 0.2, 1)[0] * s.height();
      windows[b * 5 + 3] = data.uniform(1, 0.2, 1)[0] * s.width();
      windows[b * 5 + 4] = data.below(2);
    }
    return windows;
  }

  static KernelCall imageErase(RandomData data, ImageShape s) {
    int side = (int) s.side();
    return new KernelCall("imageErase")
        .input("rectangles", data.integers(s.batch() * 4, -1, side + 1))
        .updated("images", data.gaussian(s.batch() * s.channels() * side * side))
        .body((k, t) -> k.imageErase(s, t.get("rectangles"), t.get("images")));
  }

  /** λ of 0 and 1 among others; boxes that reach over the border, or are empty, now and then. */
  static KernelCall imageMix(RandomData data, ImageShape s) {
    int side = (int) s.side();
    float[] lambda = data.uniform(s.batch(), 0, 1);
    lambda[data.below(lambda.length)] = data.below(2);
    return new KernelCall("imageMix")
        .input("boxes", data.integers(s.batch() * 4, -1, side + 1))
        .input("lambda", lambda)
        .updated("images", data.gaussian(s.batch() * s.channels() * side * side))
        .body((k, t) -> k.imageMix(s, t.get("boxes"), t.get("lambda"), t.get("images")));
  }

  static KernelCall patchify(RandomData data, PatchShape s) {
    long elements = s.batch() * s.channels() * s.side() * s.side();
    return new KernelCall("patchify")
        .input("images", data.gaussian(elements))
        .output("patches", elements)
        .typed("patches")
        .body((k, t) -> k.patchify(s, t.get("images"), t.get("patches")));
  }

  static KernelCall unpatchify(RandomData data, PatchShape s) {
    long elements = s.batch() * s.channels() * s.side() * s.side();
    return new KernelCall("unpatchify")
        .input("tokens", data.gaussian(elements))
        .output("images", elements)
        .body((k, t) -> k.unpatchify(s, t.get("tokens"), t.get("images")));
  }

  static KernelCall unpatchifyBackward(RandomData data, PatchShape s) {
    long elements = s.batch() * s.channels() * s.side() * s.side();
    return new KernelCall("unpatchifyBackward")
        .input("dImages", data.gaussian(elements))
        .output("dTokens", elements)
        .body((k, t) -> k.unpatchifyBackward(s, t.get("dImages"), t.get("dTokens")));
  }
}
