package dev.autoprog.data;

import dev.autoprog.InputException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The content of one IDX file of unsigned bytes (LeCun, Cortes and Burges, <i>The MNIST
 * database</i>): a magic number 0x000008dd with dd dimensions, their sizes as big-endian 32-bit
 * integers, then the bytes, row-major.
 */
record IdxFile(int[] dims, byte[] bytes) {
  private static final int UNSIGNED_BYTES = 0x0800;
  private static final long LARGEST_ARRAY = Integer.MAX_VALUE - 16L;

  /** Reads a file, gzipped or not, that must have this many dimensions. */
  static IdxFile read(Path file, int rank) throws InputException {
    try {
      return read(file.toString(), Files.newInputStream(file), rank);
    } catch (IOException e) {
      throw Inputs.unreadable(file, e);
    }
  }

  /**
   * Reads the stream, gzipped or not, to its end and closes it.
   *
   * @param name what errors call it
   * @param rank how many dimensions there must be
   */
  static IdxFile read(String name, InputStream stream, int rank) throws InputException {
    try (InputStream in = unzipped(stream)) {
      int[] dims = header(name, in, rank);
      int expected = size(name, dims);
      byte[] bytes = in.readNBytes(expected);
      if (bytes.length < expected || in.read() >= 0) {
        throw new InputException(
            name,
            (bytes.length < expected ? bytes.length : "more than " + expected)
                + " bytes after the header",
            expected + " bytes (" + product(dims) + ")",
            "Get the file again; it is cut off or not what its header says.");
      }
      return new IdxFile(dims, bytes);
    } catch (EOFException | ZipException e) {
      throw new InputException(
          name,
          "a gzip stream that is "
              + (e instanceof ZipException ? "damaged (" + e.getMessage() + ")" : "cut off"),
          "a complete one",
          "Get the file again.",
          e);
    } catch (IOException e) {
      throw new InputException(
          name,
          "cannot be read (" + e + ")",
          "a readable file",
          "Check its permissions and the disk.",
          e);
    }
  }

  private static InputStream unzipped(InputStream stream) throws IOException {
    var in = new BufferedInputStream(stream, 1 << 16);
    in.mark(2);
    boolean gzipped = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return gzipped ? new GZIPInputStream(in, 1 << 16) : in;
  }

  private static int[] header(String name, InputStream in, int rank)
      throws IOException, InputException {
    int magic = UNSIGNED_BYTES + rank;
    byte[] header = in.readNBytes(Integer.BYTES * (1 + rank));
    ByteBuffer fields = ByteBuffer.wrap(header);
    if (header.length >= Integer.BYTES && fields.getInt() != magic) {
      throw new InputException(
          name,
          "magic number 0x%08x".formatted(fields.getInt(0)),
          "0x%08x (unsigned bytes in %d dimensions)".formatted(magic, rank),
          "Give a file in IDX format, and do not swap images and labels.");
    }
    if (fields.remaining() < Integer.BYTES * rank) {
      throw new InputException(
          name,
          header.length + " bytes",
          "an IDX header of " + Integer.BYTES * (1 + rank) + " bytes",
          "Get the file again; it is cut off.");
    }
    int[] dims = new int[rank];
    fields.asIntBuffer().get(dims);
    return dims;
  }

  private static int size(String name, int[] dims) throws InputException {
    double elements = 1;
    boolean positive = true;
    for (int dim : dims) {
      elements *= dim;
      positive &= dim > 0;
    }
    if (!positive || elements > LARGEST_ARRAY) {
      throw new InputException(
          name,
          "a header that promises " + product(dims) + " bytes",
          "sizes from 1 up, and at most " + LARGEST_ARRAY + " bytes",
          "Get the file again, or cut it into smaller ones.");
    }
    return (int) elements;
  }

  private static String product(int[] dims) {
    return Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining(" × "));
  }
}
