package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ImageKernels}. */
interface CheckedImage extends CheckedFamily, ImageKernels {
  @Override
  default void imageTransform(
      ImageShape s, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out) {
    begin("imageTransform")
        .input(
            "pixels", pixels, DType.UINT8, elements(s.batch(), s.channels(), s.height(), s.width()))
        .input("windows", windows, elements(s.batch(), 5))
        .input("mean", mean, s.channels())
        .input("std", std, s.channels())
        .output("out", out, elements(s.batch(), s.channels(), s.side(), s.side()));
    unchecked().imageTransform(s, pixels, windows, mean, std, out);
  }

  @Override
  default void imageErase(ImageShape s, Tensor rectangles, Tensor images) {
    begin("imageErase")
        .input("rectangles", rectangles, DType.INT32, elements(s.batch(), 4))
        .output("images", images, elements(s.batch(), s.channels(), s.side(), s.side()));
    unchecked().imageErase(s, rectangles, images);
  }

  @Override
  default void imageMix(ImageShape s, Tensor boxes, Tensor lambda, Tensor images) {
    begin("imageMix")
        .input("boxes", boxes, DType.INT32, elements(s.batch(), 4))
        .input("lambda", lambda, s.batch())
        .output("images", images, elements(s.batch(), s.channels(), s.side(), s.side()));
    unchecked().imageMix(s, boxes, lambda, images);
  }

  @Override
  default void patchify(PatchShape s, Tensor images, Tensor patches) {
    begin("patchify")
        .input("images", images, elements(s.batch(), s.channels(), s.side(), s.side()))
        .result("patches", patches, elements(s.batch(), s.channels(), s.side(), s.side()));
    unchecked().patchify(s, images, patches);
  }

  @Override
  default void unpatchify(PatchShape s, Tensor tokens, Tensor images) {
    long size = elements(s.batch(), s.channels(), s.side(), s.side());
    begin("unpatchify").input("tokens", tokens, size).output("images", images, size);
    unchecked().unpatchify(s, tokens, images);
  }

  @Override
  default void unpatchifyBackward(PatchShape s, Tensor dImages, Tensor dTokens) {
    long size = elements(s.batch(), s.channels(), s.side(), s.side());
    begin("unpatchifyBackward").input("dImages", dImages, size).output("dTokens", dTokens, size);
    unchecked().unpatchifyBackward(s, dImages, dTokens);
  }
}
