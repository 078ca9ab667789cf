package dev.autoprog.train;

import dev.autoprog.backend.AheadBuffer;
import dev.autoprog.backend.Session;
import dev.autoprog.data.Batch;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.data.Mix;
import dev.autoprog.kernel.ImageShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/** Brings batches of stored images to the device and makes network input of them there. */
public final class ImageFeeder implements AutoCloseable {
  private final Session session;
  private final ImageDataset dataset;
  private final Tensor mean;
  private final Tensor std;

  private final AheadBuffer pixelsAhead;
  private Batch ahead; // whose pixels are in that buffer; null for none

  /** A feeder for images like those of {@code dataset}, normalised by its statistics. */
  public ImageFeeder(Session session, ImageDataset dataset, ChannelStatistics statistics) {
    this.session = session;
    this.dataset = dataset;
    pixelsAhead = new AheadBuffer(session);
    mean = session.allocate(DType.FLOAT32, Shape.of(dataset.channels())).set(statistics.mean());
    std = session.allocate(DType.FLOAT32, Shape.of(dataset.channels())).set(statistics.std());
  }

  /**
   * Begins to bring a batch's pixels to the device while that still computes what was called
   * before, for {@link #images} to find them there. Where device and host are one, there is nothing
   * to do.
   */
  public void ahead(Batch batch) {
    if (!AheadBuffer.serves(session)) {
      return;
    }
    pixelsAhead.bring(batch.pixels());
    ahead = batch;
  }

  private Tensor pixels(Batch batch, ImageShape image) {
    Shape shape = Shape.of(image.batch(), image.channels(), image.height(), image.width());
    if (batch != ahead) {
      return session.arena().allocate(DType.UINT8, shape).set(batch.pixels());
    }
    ahead = null;
    return pixelsAhead.take(DType.UINT8, shape);
  }

  /**
   * Cropped, resized, flipped, normalised and erased as the batch says.
   *
   * @param side R, in pixels
   * @return (B, channels, R, R), in the step's arena
   */
  public Tensor images(Batch batch, int side) {
    long count = batch.size();
    ImageShape shape =
        new ImageShape(count, dataset.channels(), dataset.height(), dataset.width(), side);
    Tensor pixels = pixels(batch, shape);
    Tensor windows = arena(DType.FLOAT32, count, 5).set(batch.windows());
    Tensor rectangles = arena(DType.INT32, count, 4).set(batch.rectangles(side));
    Tensor images = arena(DType.FLOAT32, count, shape.channels(), side, side);
    session.kernels().imageTransform(shape, pixels, windows, mean, std, images);
    session.kernels().imageErase(shape, rectangles, images);
    return images;
  }

  /** Mixes images that {@link #images} gave, pair by pair. */
  public void mix(Tensor images, Mix mix) {
    if (mix.isNone()) {
      return;
    }
    int count = (int) images.shape().dim(0);
    int[] boxes = new int[4 * count];
    for (int at = 0; at < boxes.length; at += 4) {
      boxes[at] = mix.top();
      boxes[at + 1] = mix.left();
      boxes[at + 2] = mix.height();
      boxes[at + 3] = mix.width();
    }
    float[] lambda = new float[count];
    Arrays.fill(lambda, mix.lambda());
    int side = (int) images.shape().dim(2);
    ImageShape shape = new ImageShape(count, dataset.channels(), side, side, side);
    session
        .kernels()
        .imageMix(
            shape,
            arena(DType.INT32, count, 4).set(boxes),
            arena(DType.FLOAT32, count).set(lambda),
            images);
  }

  private Tensor arena(DType dtype, long... dims) {
    return session.arena().allocate(dtype, Shape.of(dims));
  }

  @Override
  public void close() {
    pixelsAhead.close();
    session.free(mean);
    session.free(std);
  }
}
