package dev.autoprog.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Some images with what is to be done to them, in host memory that is used again. Whoever received
 * a batch closes it; its buffers and arrays must not be used afterwards.
 *
 * <p>B is {@link #size()}, C, H and W are the dataset's channels, height and width.
 */
public final class Batch implements AutoCloseable {
  private final Storage storage;
  private final int number;
  private final int size;
  private final Consumer<Storage> release;
  private boolean open = true;

  Batch(Storage storage, int number, int size, Consumer<Storage> release) {
    this.storage = storage;
    this.number = number;
    this.size = size;
    this.release = release;
  }

  /** Which batch of its epoch this is, from 0. */
  public int number() {
    return number;
  }

  /** How many images this has: B. */
  public int size() {
    return size;
  }

  /**
   * The stored bytes (B, C, H, W), changed by RandAugment if that was asked for: a direct buffer of
   * exactly these, at position 0.
   */
  public ByteBuffer pixels() {
    int imageBytes = open().pixels.capacity() / storage.labels.length;
    return storage.pixels.slice(0, size * imageBytes);
  }

  /**
   * What to take of each image, (B, 5): top, left, height, width in stored pixels, and 1 where it
   * is mirrored. Windows may reach over the border, which then repeats.
   */
  public float[] windows() {
    return exactly(size * Augmentation.WINDOW, open().windows);
  }

  /**
   * What to erase of each image at a resolution, (B, 4): top, left, height, width in its pixels;
   * height and width are 0 where nothing is erased. The same image has the same part erased at
   * every resolution, up to rounding.
   *
   * @param side height and width in pixels that the images are brought to
   */
  public int[] rectangles(int side) {
    double[] erasures = open().erasures;
    int[] rectangles = new int[size * Augmentation.ERASURE];
    for (int at = 0; at < rectangles.length; at += Augmentation.ERASURE) {
      if (erasures[at] > 0) {
        int height = (int) Math.max(1, Math.round(erasures[at] * side));
        int width = (int) Math.max(1, Math.round(erasures[at + 1] * side));
        rectangles[at] = (int) (erasures[at + 2] * (side - height + 1));
        rectangles[at + 1] = (int) (erasures[at + 3] * (side - width + 1));
        rectangles[at + 2] = height;
        rectangles[at + 3] = width;
      }
    }
    return rectangles;
  }

  /** Each image's class, (B). */
  public int[] labels() {
    return exactly(open().labels);
  }

  /** Each image's index in the dataset, (B). */
  public int[] indices() {
    return exactly(open().indices);
  }

  /** Gives the memory back for other batches; a second call does nothing. */
  @Override
  public void close() {
    if (open) {
      open = false;
      release.accept(storage);
    }
  }

  private Storage open() {
    if (!open) {
      throw new IllegalStateException("Batch " + number + " is closed; its memory is in use again");
    }
    return storage;
  }

  private int[] exactly(int[] values) {
    return values.length == size ? values : Arrays.copyOf(values, size);
  }

  private static float[] exactly(int length, float[] values) {
    return values.length == length ? values : Arrays.copyOf(values, length);
  }

  /** The memory of one batch, for as many images as a full one has. */
  record Storage(
      ByteBuffer pixels, float[] windows, double[] erasures, int[] labels, int[] indices) {
    static Storage of(int images, int imageBytes) {
      return new Storage(
          ByteBuffer.allocateDirect(images * imageBytes),
          new float[images * Augmentation.WINDOW],
          new double[images * Augmentation.ERASURE],
          new int[images],
          new int[images]);
    }
  }
}
