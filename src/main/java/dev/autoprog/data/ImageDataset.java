package dev.autoprog.data;

import dev.autoprog.InputException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Labelled images of one size, addressed by index. Implementations are safe for use by several
 * threads at once.
 */
public interface ImageDataset {
  /** How many images there are, at least 1. */
  int size();

  /** Colour planes per image: 1 (grey) or 3 (red, green, blue). */
  int channels();

  /** Height of every image in pixels. */
  int height();

  /** Width of every image in pixels. */
  int width();

  /** The classes' names; a label is an index into this list. */
  List<String> classNames();

  /**
   * The class of an image.
   *
   * @param index 0 … {@link #size()} − 1
   */
  int label(int index);

  /**
   * Puts one image's {@link #imageBytes()} bytes, planes (channels, height, width) row-major, at
   * the buffer's position, which advances past them.
   *
   * @param index 0 … {@link #size()} − 1
   * @param to a buffer with that many bytes remaining
   * @throws InputException if the image's file cannot be read or decoded
   */
  void read(int index, ByteBuffer to) throws InputException;

  /** Bytes of one image: channels · height · width. */
  default int imageBytes() {
    return channels() * height() * width();
  }

  /**
   * The images {@code from} (inclusive) to {@code to} (exclusive) as a dataset of the same classes.
   */
  default ImageDataset range(int from, int to) {
    return new RangeDataset(this, from, to);
  }
}
