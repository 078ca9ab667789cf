package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.data.ImageBytes;

/** Makes latents of images, as the encoder of a variational autoencoder does. */
public interface LatentEncoder {
  /** What it calls itself; whoever decodes wants to know. One line. */
  String name();

  /** C, channels of a latent. */
  int channels();

  /** How many pixels of an image's side one of a latent's stands for: 8 for Stable Diffusion's. */
  int factor();

  /**
   * What latents are multiplied by before a model sees them: about 1 over their standard deviation,
   * 0.18215 for Stable Diffusion's.
   */
  float scale();

  /**
   * The latents of some images; of an encoder that gives a distribution, a sample of each or its
   * mean.
   *
   * @param images square, of a side that {@link #factor} divides
   * @return (B, C, side / factor, side / factor), row-major, not scaled
   * @throws InputException if these are no images for it
   */
  float[] encode(ImageBytes images) throws InputException;
}
