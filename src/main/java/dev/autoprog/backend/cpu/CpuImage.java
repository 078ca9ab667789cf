package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ImageKernels;
import dev.autoprog.kernel.ImageShape;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.tensor.Tensor;

/** {@code image.cpp}. */
interface CpuImage extends ImageKernels, CpuContext {
  @Override
  default void imageTransform(
      ImageShape s, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out) {
    check(
        NativeCpu.ap_image_transform(
            context(),
            s.batch(),
            s.channels(),
            s.height(),
            s.width(),
            s.side(),
            pixels.address(),
            windows.address(),
            mean.address(),
            std.address(),
            out.address()));
  }

  @Override
  default void imageErase(ImageShape s, Tensor rectangles, Tensor images) {
    check(
        NativeCpu.ap_image_erase(
            context(), s.batch(), s.channels(), s.side(), rectangles.address(), images.address()));
  }

  @Override
  default void imageMix(ImageShape s, Tensor boxes, Tensor lambda, Tensor images) {
    check(
        NativeCpu.ap_image_mix(
            context(),
            s.batch(),
            s.channels(),
            s.side(),
            boxes.address(),
            lambda.address(),
            images.address()));
  }

  @Override
  default void patchify(PatchShape s, Tensor images, Tensor patches) {
    check(
        NativeCpu.ap_patchify(
            context(),
            CpuContext.type(patches),
            s.batch(),
            s.channels(),
            s.side(),
            s.patch(),
            images.address(),
            patches.address()));
  }

  @Override
  default void unpatchify(PatchShape s, Tensor tokens, Tensor images) {
    check(
        NativeCpu.ap_unpatchify(
            context(),
            s.batch(),
            s.channels(),
            s.side(),
            s.patch(),
            tokens.address(),
            images.address()));
  }

  @Override
  default void unpatchifyBackward(PatchShape s, Tensor dImages, Tensor dTokens) {
    check(
        NativeCpu.ap_unpatchify_backward(
            context(),
            s.batch(),
            s.channels(),
            s.side(),
            s.patch(),
            dImages.address(),
            dTokens.address()));
  }
}
