package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ImageKernels;
import dev.autoprog.kernel.ImageShape;
import dev.autoprog.kernel.PatchShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code image.cpp} and {@code image.cu}. */
interface NativeImage extends ImageKernels, NativeContext {
  @Override
  default void imageTransform(
      ImageShape s, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out) {
    check(
        KernelFunctions.ap_image_transform(
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
        KernelFunctions.ap_image_erase(
            context(), s.batch(), s.channels(), s.side(), rectangles.address(), images.address()));
  }

  @Override
  default void imageMix(ImageShape s, Tensor boxes, Tensor lambda, Tensor images) {
    check(
        KernelFunctions.ap_image_mix(
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
        KernelFunctions.ap_patchify(
            context(),
            NativeContext.type(patches),
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
        KernelFunctions.ap_unpatchify(
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
        KernelFunctions.ap_unpatchify_backward(
            context(),
            s.batch(),
            s.channels(),
            s.side(),
            s.patch(),
            dImages.address(),
            dTokens.address()));
  }
}
