package dev.autoprog.data.latent;

import dev.autoprog.data.ImageBytes;

/**
 * A codec of grey images that loses nothing: the four pixels of each 2×2 block are a latent's four
 * channels, from −5 to 5, which a scale of 0.2 brings to −1 to 1.
 */
public class BlockCodec implements LatentEncoder, LatentDecoder {
  public static final float SCALE = 0.2f;

  private static final int BLOCK = 2;
  private static final int WHITE = 255;

  @Override
  public String name() {
    return "blocks";
  }

  @Override
  public int channels() {
    return BLOCK * BLOCK;
  }

  @Override
  public int factor() {
    return BLOCK;
  }

  @Override
  public float scale() {
    return SCALE;
  }

  /** What a pixel becomes. */
  static float latentOf(int pixel) {
    return (2f * pixel / WHITE - 1) / SCALE;
  }

  @Override
  public float[] encode(ImageBytes images) {
    int side = images.width() / BLOCK;
    float[] latents = new float[images.count() * channels() * side * side];
    int at = 0;
    for (int i = 0; i < images.count(); i++) {
      for (int c = 0; c < channels(); c++) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            latents[at++] = latentOf(images.at(i, 0, BLOCK * y + c / BLOCK, BLOCK * x + c % BLOCK));
          }
        }
      }
    }
    return latents;
  }

  @Override
  public ImageBytes decode(float[] latents, int count, int side) {
    int width = BLOCK * side;
    float[] signed = new float[count * width * width];
    int at = 0;
    for (int i = 0; i < count; i++) {
      for (int c = 0; c < channels(); c++) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            int row = BLOCK * y + c / BLOCK;
            signed[(i * width + row) * width + BLOCK * x + c % BLOCK] = latents[at++] * SCALE;
          }
        }
      }
    }
    return ImageBytes.ofSigned(signed, 1, width, width);
  }
}
