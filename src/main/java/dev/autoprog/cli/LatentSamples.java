package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.latent.LatentDecoder;
import dev.autoprog.data.latent.LatentShard;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Latents that a model drew, as their encoder gives them.
 *
 * @param values (labels, channels, side, side)
 * @param labels the class of each
 */
record LatentSamples(float[] values, int[] labels, int channels, int side) {
  private static final int BATCH = 16;

  /**
   * Writes a file as a dataset of latents has them, but that the label of samples of no class is
   * the number of classes.
   */
  void write(Path file, LatentSpace space) throws InputException {
    Shape shape = Shape.of(labels.length, channels, side, side);
    try (Memory memory = new HostDevice().allocate(DType.FLOAT32.bytes(shape))) {
      Tensor latents = Tensor.over(memory, 0, DType.FLOAT32, shape).set(values);
      LatentShard.write(file, space, latents, null, labels);
    }
  }

  /** The images, which a decoder makes of some at a time. */
  ImageBytes decoded(LatentDecoder decoder) throws InputException {
    if (decoder.channels() != channels) {
      throw new InputException(
          "decoder " + decoder.name(),
          "it reads latents of " + decoder.channels() + " channels",
          channels + ", as the model draws",
          "Name the decoder that belongs to the encoder");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageBytes some = null;
    int each = channels * side * side;
    for (int first = 0; first < labels.length; first += BATCH) {
      int end = Math.min(labels.length, first + BATCH);
      float[] own = Arrays.copyOfRange(values, first * each, end * each);
      some = decoder.decode(own, end - first, side);
      bytes.writeBytes(some.bytes());
    }
    return new ImageBytes(
        labels.length, some.channels(), some.height(), some.width(), bytes.toByteArray());
  }
}
