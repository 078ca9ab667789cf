package dev.autoprog.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.autoprog.io.StoredType;
import dev.autoprog.tensor.Bfloat16;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A safetensors file as another program writes it, by the format's description alone. */
public final class SafetensorsBytes {
  private final ObjectNode header = new ObjectMapper().createObjectNode();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  /** A file without tensors. */
  public SafetensorsBytes(Map<String, String> metadata) {
    if (!metadata.isEmpty()) {
      metadata.forEach(header.putObject("__metadata__")::put);
    }
  }

  /** Adds a tensor of F16, BF16, F32, I32 or I64; halves must be exact. */
  public SafetensorsBytes add(String name, StoredType type, float[] values, long... shape) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      switch (type) {
        case F32 -> bytes.putFloat(value);
        case F16 -> bytes.putShort(half(value));
        case BF16 -> bytes.putShort(Bfloat16.of(value));
        case I32 -> bytes.putInt((int) value);
        case I64 -> bytes.putLong((long) value);
        default -> throw new IllegalArgumentException(type.name());
      }
    }
    ObjectNode entry = header.putObject(name);
    entry.put("dtype", type.name());
    entry.set("shape", new ObjectMapper().valueToTree(shape));
    entry.putArray("data_offsets").add(data.size()).add(data.size() + bytes.capacity());
    data.writeBytes(bytes.array());
    return this;
  }

  /** Of zeros and normal numbers that binary16 has exactly, and NaN. */
  private static short half(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    if (value == 0) {
      return (short) sign;
    }
    if (Float.isNaN(value)) {
      return (short) 0x7e00;
    }
    int exponent = Math.getExponent(value) + 15;
    if (exponent < 1 || exponent > 30 || (bits & 0x1fff) != 0) {
      throw new IllegalArgumentException(value + " is no normal half");
    }
    return (short) (sign | exponent << 10 | bits >>> 13 & 0x3ff);
  }

  /** Writes the file. */
  public Path write(Path file) throws IOException {
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer length =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length);
    var all = new ByteArrayOutputStream();
    all.writeBytes(length.array());
    all.writeBytes(json);
    data.writeTo(all);
    Files.createDirectories(file.toAbsolutePath().getParent());
    return Files.write(file, all.toByteArray());
  }
}
