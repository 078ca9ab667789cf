package dev.autoprog.io;

import dev.autoprog.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A tensor of floats in a safetensors file whose header was checked, read row by row, in any order
 * and by several threads. The file is open only while a row is read, so that there may be any
 * number of these.
 *
 * @param file which must stay as it is
 * @param fileBytes its length when the header was checked
 * @param tensor of F64, F32, F16 or BF16
 */
public record StoredRows(Path file, long fileBytes, StoredTensor tensor) {
  /** How many rows there are. */
  public long count() {
    return tensor.shape().dim(0);
  }

  /**
   * The elements of one row.
   *
   * @throws InputException if the file is gone, of another length, or cannot be read
   */
  public float[] read(long row) throws InputException {
    if (row < 0 || row >= count()) {
      throw new IllegalArgumentException("No row " + row + " in " + tensor.shape());
    }
    int elements = Math.toIntExact(tensor.shape().elements() / count());
    int bytes = Math.multiplyExact(elements, tensor.type().bytes());
    ByteBuffer stored = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() != fileBytes) {
        throw new InputException(
            file.toString(),
            channel.size() + " bytes long",
            fileBytes + ", as when it was opened",
            "Leave the file alone while it is in use");
      }
      SafetensorsReader.fill(channel, stored, tensor.offset() + row * bytes);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
    float[] values = new float[elements];
    FloatDecoder.toFloats(tensor.type(), stored.flip()).asFloatBuffer().get(values);
    return values;
  }
}
