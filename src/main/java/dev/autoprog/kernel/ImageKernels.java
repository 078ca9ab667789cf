package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** From stored bytes to patches. Image kernels have no backward: images need no gradient. */
public interface ImageKernels {
  /**
   * Crop, resize, flip, conversion and normalisation in one pass: {@code out[b,c,i,j] =
   * (bilinear(pixels[b,c], y, x)/255 − mean[c]) / std[c]} with {@code y = top + (i + 0.5)·height/R
   * − 0.5} and {@code x} likewise, mirrored where {@code flip} is 1; samples outside the stored
   * image are clamped to its border. With the whole image as window this is PyTorch's bilinear
   * {@code interpolate} (pixel centres at half integers, no antialiasing). ≤ 1e-5 relative.
   *
   * @param pixels UINT8 (B, channels, height, width)
   * @param windows (B, 5): top, left, height, width (in stored pixels, fractions allowed), flip (0
   *     or 1)
   * @param mean (channels), in units of 255
   * @param std (channels), in units of 255
   * @param out (B, channels, R, R)
   */
  void imageTransform(
      ImageShape shape, Tensor pixels, Tensor windows, Tensor mean, Tensor std, Tensor out);

  /**
   * Sets a rectangle of each image to zero, the mean of normalised pixels (random erasing, Zhong et
   * al. 2020). {@code shape.side()} alone gives the images' size.
   *
   * @param rectangles INT32 (B, 4): top, left, height, width in pixels; what lies outside the image
   *     is ignored, and height or width 0 erases nothing
   * @param images (B, channels, R, R), changed in place
   */
  void imageErase(ImageShape shape, Tensor rectangles, Tensor images);

  /**
   * Mixes each image with its partner, {@code b' = B − 1 − b}, in a box: {@code images[b] =
   * λ_b·images[b] + (1 − λ_b)·images[b']} of what both were before. With the whole image as box
   * this is mixup (Zhang et al. 2018), with λ = 0 cutmix (Yun et al. 2019). λ = 1 keeps and λ = 0
   * copies exactly, whatever the other image has there; the middle one of an odd number of images
   * stays as it is. {@code shape.side()} alone gives the images' size. ≤ 1e-5 relative.
   *
   * @param boxes INT32 (B, 4): top, left, height, width in pixels; what lies outside the image is
   *     ignored
   * @param lambda (B)
   * @param images (B, channels, R, R), changed in place
   */
  void imageMix(ImageShape shape, Tensor boxes, Tensor lambda, Tensor images);

  /**
   * Cuts images into patches: {@code patches[b, gy·G + gx, (c·P + py)·P + px] = images[b, c, gy·P +
   * py, gx·P + px]}, the order in which a convolution's weight (C, channels, P, P) lies. Exact.
   *
   * @param images (B, channels, R, R)
   * @param patches of type T: (B, G², channels·P²)
   */
  void patchify(PatchShape shape, Tensor images, Tensor patches);

  /**
   * Puts images together from what a linear layer made of each patch: {@code images[b, c, gy·P +
   * py, gx·P + px] = tokens[b, gy·G + gx, (py·P + px)·channels + c]}, the order of DiT's output
   * (Peebles and Xie 2023). Exact.
   *
   * @param tokens (B, G², P²·channels)
   * @param images (B, channels, R, R)
   */
  void unpatchify(PatchShape shape, Tensor tokens, Tensor images);

  /**
   * The gradient of {@link #unpatchify}, its inverse. Exact.
   *
   * @param dImages (B, channels, R, R)
   * @param dTokens = (B, G², P²·channels)
   */
  void unpatchifyBackward(PatchShape shape, Tensor dImages, Tensor dTokens);
}
