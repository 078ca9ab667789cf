package dev.autoprog.io;

import dev.autoprog.InputException;
import dev.autoprog.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Writes tensors in the safetensors format. The content goes from the tensors' device to the file
 * in pieces of a mebibyte, so that nothing is held twice, however large it is.
 */
public final class SafetensorsWriter {
  static final int CHUNK_BYTES = 1 << 20;

  private SafetensorsWriter() {}

  /**
   * Writes a file. It appears under its name when it is complete; until then, and after a failure,
   * what was there before stays.
   *
   * @param file to write; directories above it are created
   * @param tensors by name, in the order that the header shall have
   * @param metadata free text by key; may be empty
   * @throws InputException if the system refuses
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws InputException {
    Disk.LOCAL.replace(file, out -> write(out, tensors, metadata));
  }

  /**
   * Writes the same bytes to a channel.
   *
   * @throws IOException if the channel does
   */
  public static void write(
      WritableByteChannel out, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    SafetensorsHeader.Encoded header = SafetensorsHeader.encode(tensors, metadata);
    Disk.writeFully(out, header.bytes());
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    for (String name : header.order()) {
      write(out, tensors.get(name), chunk);
    }
  }

  /** What {@link SafetensorsReader#checksum} will find in a file of these tensors. */
  public static String checksum(Map<String, Tensor> tensors) {
    CRC32C checksum = new CRC32C();
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    for (String name : SafetensorsHeader.encode(tensors, Map.of()).order()) {
      Tensor tensor = tensors.get(name);
      for (long done = 0; done < tensor.bytes(); done += chunk.limit()) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, tensor.bytes() - done));
        tensor.device().download(tensor.address() + done, chunk);
        checksum.update(chunk.flip());
      }
    }
    return hex(checksum);
  }

  static String hex(CRC32C checksum) {
    return "%08x".formatted(checksum.getValue());
  }

  private static void write(WritableByteChannel out, Tensor tensor, ByteBuffer chunk)
      throws IOException {
    long bytes = tensor.bytes();
    for (long done = 0; done < bytes; done += chunk.limit()) {
      chunk.clear().limit((int) Math.min(CHUNK_BYTES, bytes - done));
      tensor.device().download(tensor.address() + done, chunk);
      Disk.writeFully(out, chunk.flip());
    }
  }
}
