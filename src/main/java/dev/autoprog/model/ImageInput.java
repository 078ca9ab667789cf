package dev.autoprog.model;

import dev.autoprog.backend.Session;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.kernel.ImageShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.ByteBuffer;

/** Makes a network's input of stored images. */
public final class ImageInput {
  private ImageInput() {}

  /**
   * Whole images, resized (bilinear, to a square) and normalised where the session computes.
   *
   * @param side R, in pixels
   * @return FLOAT32 (B, channels, R, R), in the session's arena
   */
  public static Tensor of(
      Session session, ImageBytes images, ChannelStatistics normalization, int side) {
    int count = images.count();
    int channels = images.channels();
    float[] whole = new float[5 * count];
    for (int i = 0; i < count; i++) {
      whole[5 * i + 2] = images.height();
      whole[5 * i + 3] = images.width();
    }
    Tensor input = allocate(session, DType.FLOAT32, count, channels, side, side);
    Tensor pixels =
        allocate(session, DType.UINT8, count, channels, images.height(), images.width())
            .set(ByteBuffer.wrap(images.bytes()));
    session
        .kernels()
        .imageTransform(
            new ImageShape(count, channels, images.height(), images.width(), side),
            pixels,
            allocate(session, DType.FLOAT32, count, 5).set(whole),
            allocate(session, DType.FLOAT32, channels).set(normalization.mean()),
            allocate(session, DType.FLOAT32, channels).set(normalization.std()),
            input);
    return input;
  }

  private static Tensor allocate(Session session, DType type, long... dims) {
    return session.arena().allocate(type, Shape.of(dims));
  }
}
