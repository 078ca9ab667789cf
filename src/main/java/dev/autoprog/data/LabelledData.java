package dev.autoprog.data;

import dev.autoprog.InputException;
import dev.autoprog.tensor.DType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Labelled images, or latents of images, of one size, addressed by index: what a {@link
 * BatchLoader} reads. Implementations are safe for use by several threads at once.
 */
public interface LabelledData {
  /** How many there are, at least 1. */
  int size();

  /** Planes of each: 1 (grey) or 3 (red, green, blue) of an image, any number of a latent. */
  int channels();

  /** Height of each, in pixels. */
  int height();

  /** Width of each, in pixels. */
  int width();

  /** The classes' names; a label is an index into this list. */
  List<String> classNames();

  /**
   * The class of one.
   *
   * @param index 0 … {@link #size()} − 1
   */
  int label(int index);

  /** What each number is: UINT8 of stored images, FLOAT32 of latents. */
  DType elements();

  /**
   * Puts the {@link #imageBytes()} bytes of one, planes (channels, height, width) row-major,
   * numbers in the machine's byte order, at the buffer's position, which advances past them.
   *
   * @param index 0 … {@link #size()} − 1
   * @param to a buffer with that many bytes remaining
   * @throws InputException if the file cannot be read or decoded
   */
  void read(int index, ByteBuffer to) throws InputException;

  /**
   * The same, of the mirrored one where that is stored, too; pixels are mirrored later, where the
   * model computes.
   */
  default void read(int index, boolean mirrored, ByteBuffer to) throws InputException {
    read(index, to);
  }

  /** Bytes of one: channels · height · width, times those of a number. */
  default int imageBytes() {
    return channels() * height() * width() * elements().bytes();
  }

  /** {@code from} (inclusive) to {@code to} (exclusive), with the same classes. */
  LabelledData range(int from, int to);
}
