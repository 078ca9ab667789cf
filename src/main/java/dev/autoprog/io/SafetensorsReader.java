package dev.autoprog.io;

import dev.autoprog.InputException;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * An open safetensors file. Opening checks all of its header before anything is used: each tensor's
 * type, shape and place, and that together they fill the file exactly. The content is read on
 * demand, in pieces of a mebibyte.
 */
public final class SafetensorsReader implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final SafetensorsHeader header;

  private SafetensorsReader(Path file, FileChannel channel, SafetensorsHeader header) {
    this.file = file;
    this.channel = channel;
    this.header = header;
  }

  /**
   * Opens a file.
   *
   * @throws InputException if it cannot be read, or does not follow the format in every respect
   */
  public static SafetensorsReader open(Path file) throws InputException {
    FileChannel channel;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
    try {
      return new SafetensorsReader(file, channel, readHeader(file, channel));
    } catch (InputException | RuntimeException e) {
      closeAfter(e, channel);
      throw e;
    }
  }

  private static void closeAfter(Exception failure, FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static SafetensorsHeader readHeader(Path file, FileChannel channel)
      throws InputException {
    try {
      long fileBytes = channel.size();
      if (fileBytes < SafetensorsHeader.PREFIX_BYTES) {
        throw new InputException(
            file.toString(),
            fileBytes + " bytes long",
            "a safetensors file, which has at least 8",
            "The file is cut short or of another kind; get it again from where it came");
      }
      ByteBuffer prefix = ByteBuffer.allocate(SafetensorsHeader.PREFIX_BYTES);
      fill(channel, prefix, 0);
      long length = prefix.flip().order(ByteOrder.LITTLE_ENDIAN).getLong();
      long most = Math.min(SafetensorsHeader.MAX_BYTES, fileBytes - SafetensorsHeader.PREFIX_BYTES);
      if (length < 0 || length > most) {
        throw new InputException(
            file.toString(),
            "its header is said to be " + Long.toUnsignedString(length) + " bytes long",
            "at most " + most + " in a file of " + fileBytes,
            "The file is cut short or of another kind; get it again from where it came");
      }
      ByteBuffer json = ByteBuffer.allocate((int) length);
      fill(channel, json, SafetensorsHeader.PREFIX_BYTES);
      return SafetensorsHeader.parse(file, json.array(), fileBytes);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }

  /** The file. */
  public Path file() {
    return file;
  }

  /** Free text by key. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** What the file holds, by name, in the order of its header. */
  public Map<String, StoredTensor> tensors() {
    return header.tensors();
  }

  /**
   * Reads one tensor's elements into {@code into}. A FLOAT32 tensor takes any of F64, F32, F16 and
   * BF16 (F64 is rounded, the others are exact); every other takes its own type alone.
   *
   * @throws InputException if the file has no such tensor, its type or shape differ, or reading
   *     fails
   */
  public void read(String name, Tensor into) throws InputException {
    StoredTensor stored = find(name);
    if (!stored.shape().equals(into.shape())) {
      throw new InputException(
          subject(name),
          "its shape is " + stored.shape(),
          into.shape().toString(),
          "Use the file with the model that it was written for");
    }
    boolean same = stored.type() == StoredType.of(into.dtype());
    if (!same && !(into.dtype() == DType.FLOAT32 && stored.type().isFloat())) {
      throw new InputException(
          subject(name),
          "its type is " + stored.type(),
          into.dtype() == DType.FLOAT32
              ? "F64, F32, F16 or BF16"
              : StoredType.of(into.dtype()).name(),
          "Convert the file, or read the tensor as another type");
    }
    long elementBytes = into.dtype().bytes();
    forEachChunk(
        stored,
        (first, chunk) ->
            into.device()
                .upload(
                    same ? chunk : FloatDecoder.toFloats(stored.type(), chunk),
                    into.address() + first * elementBytes));
  }

  /**
   * One tensor's elements as float32, from any of F64 (rounded), F32, F16 and BF16.
   *
   * @throws InputException if the file has no such tensor, it is of another type or too large for
   *     an array, or reading fails
   */
  public float[] readFloats(String name) throws InputException {
    StoredTensor stored = find(name);
    long elements = stored.shape().elements();
    if (!stored.type().isFloat() || elements > Integer.MAX_VALUE - 8) {
      throw new InputException(
          subject(name),
          "it has " + elements + " elements of " + stored.type(),
          "fewer than 2^31 of F64, F32, F16 or BF16",
          "Read it into a tensor of its type");
    }
    float[] values = new float[(int) elements];
    forEachChunk(
        stored,
        (first, chunk) -> {
          ByteBuffer floats = FloatDecoder.toFloats(stored.type(), chunk);
          int count = floats.remaining() / Float.BYTES;
          floats.asFloatBuffer().get(values, (int) first, count);
        });
    return values;
  }

  /**
   * One tensor's elements as integers, from I32 or I64.
   *
   * @throws InputException if the file has no such tensor, it is of another type, a number does not
   *     fit, or reading fails
   */
  public int[] readInts(String name) throws InputException {
    StoredTensor stored = find(name);
    boolean wide = stored.type() == StoredType.I64;
    long elements = stored.shape().elements();
    if (!wide && stored.type() != StoredType.I32 || elements > Integer.MAX_VALUE - 8) {
      throw new InputException(
          subject(name),
          "it has " + elements + " elements of " + stored.type(),
          "fewer than 2^31 of I32 or I64",
          "Store it as one of these");
    }
    int[] values = new int[(int) elements];
    try {
      forEachChunk(
          stored,
          (first, chunk) -> {
            for (int at = (int) first; chunk.hasRemaining(); at++) {
              values[at] = wide ? Math.toIntExact(chunk.getLong()) : chunk.getInt();
            }
          });
    } catch (ArithmeticException e) {
      throw new InputException(
          subject(name), "a number of more than 32 bits", "class numbers", "Correct the file", e);
    }
    return values;
  }

  /**
   * A tensor of floats, to be read row by row when this is closed, too.
   *
   * @throws InputException if the file has no such tensor, or it is of another type
   */
  public StoredRows rows(String name) throws InputException {
    StoredTensor stored = find(name);
    if (!stored.type().isFloat() || stored.shape().rank() < 2) {
      throw new InputException(
          subject(name),
          stored.type() + " " + stored.shape(),
          "rows of F64, F32, F16 or BF16",
          "Store it as one of these");
    }
    try {
      return new StoredRows(file, channel.size(), stored);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }

  /**
   * The CRC-32C of all that follows the header, in eight hexadecimal digits.
   *
   * @throws InputException if reading fails
   */
  public String checksum() throws InputException {
    CRC32C checksum = new CRC32C();
    for (StoredTensor stored : header.inDataOrder()) {
      forEachChunk(stored, (first, chunk) -> checksum.update(chunk));
    }
    return SafetensorsWriter.hex(checksum);
  }

  /** Takes a piece of a tensor's bytes, little-endian, and the index of its first element. */
  private interface ChunkUser {
    void accept(long firstElement, ByteBuffer chunk);
  }

  private void forEachChunk(StoredTensor stored, ChunkUser user) throws InputException {
    int capacity = (int) Math.min(SafetensorsWriter.CHUNK_BYTES, stored.bytes());
    ByteBuffer chunk = ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
    try {
      for (long done = 0; done < stored.bytes(); done += chunk.limit()) {
        chunk.clear().limit((int) Math.min(capacity, stored.bytes() - done));
        fill(channel, chunk, stored.offset() + done);
        user.accept(done / stored.type().bytes(), chunk.flip());
      }
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }

  static void fill(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
    long at = position;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, at);
      if (read < 0) {
        throw new EOFException("it became shorter while it was read: no byte at " + at);
      }
      at += read;
    }
  }

  private StoredTensor find(String name) throws InputException {
    StoredTensor stored = header.tensors().get(name);
    if (stored == null) {
      throw new InputException(
          file.toString(),
          "no tensor '" + name + "' among its " + header.tensors().size(),
          "one of that name",
          "Use the file with the model that it was written for");
    }
    return stored;
  }

  private String subject(String name) {
    return file + ", tensor '" + name + "'";
  }

  /** Closes the file. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
