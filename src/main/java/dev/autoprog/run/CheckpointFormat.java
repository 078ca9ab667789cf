package dev.autoprog.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * How a checkpoint vouches for itself. {@code state.json} holds the facts and, of each tensor file,
 * length and CRC-32C; its own last member is the CRC-32C of all bytes before that member. The
 * checksum covers bytes, not values, since the text of a number may differ between Java versions.
 */
final class CheckpointFormat {
  static final String MODEL = "model.safetensors";
  static final String STATE = "state.safetensors";
  static final String FACTS = "state.json";
  static final int VERSION = 1;

  private static final String TAIL = ",\n  \"crc32c\" : \"%s\"\n}\n";
  private static final int TAIL_BYTES = TAIL.formatted("00000000").length();
  private static final int CHUNK_BYTES = 1 << 20;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private CheckpointFormat() {}

  /**
   * What a file must contain.
   *
   * @param bytes its length
   * @param crc32c of all its bytes, eight hexadecimal digits
   */
  record Content(long bytes, String crc32c) {}

  /** A checkpoint that cannot be used; the message says why. */
  static final class DamagedException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedException(String message) {
      super(message);
    }
  }

  /** The bytes of {@code state.json}. */
  static byte[] encode(long step, Map<String, ?> facts, Map<String, Content> files) {
    ObjectNode root = JSON.createObjectNode();
    root.put("format", VERSION).put("step", step);
    root.set("facts", JSON.valueToTree(facts));
    root.set("files", JSON.valueToTree(files));
    byte[] open =
        root.toPrettyString()
            .replace(System.lineSeparator(), "\n")
            .getBytes(StandardCharsets.UTF_8);
    int body = open.length - "\n}".length();
    byte[] bytes = Arrays.copyOf(open, body + TAIL_BYTES);
    System.arraycopy(tail(bytes, body), 0, bytes, body, TAIL_BYTES);
    return bytes;
  }

  private static byte[] tail(byte[] bytes, int body) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, body);
    return TAIL.formatted(hex(checksum)).getBytes(StandardCharsets.UTF_8);
  }

  static String hex(Checksum checksum) {
    return "%08x".formatted(checksum.getValue());
  }

  /**
   * Checks every byte of a checkpoint.
   *
   * @param directory the checkpoint's
   * @param step that its name says
   * @return its facts
   */
  static JsonNode verify(Path directory, long step) throws DamagedException {
    JsonNode root = decode(directory.resolve(FACTS));
    if (root.path("format").asInt() != VERSION) {
      throw new DamagedException(
          FACTS + " has format " + root.path("format") + ", this program reads " + VERSION);
    }
    if (root.path("step").asLong() != step) {
      throw new DamagedException(
          FACTS + " is of step " + root.path("step") + ", the folder's name says " + step);
    }
    for (String name : new String[] {MODEL, STATE}) {
      verify(directory.resolve(name), root.path("files").path(name));
    }
    return root.path("facts");
  }

  private static JsonNode decode(Path file) throws DamagedException {
    try {
      byte[] bytes = Files.readAllBytes(file);
      int body = bytes.length - TAIL_BYTES;
      if (body < 0
          || !Arrays.equals(tail(bytes, body), Arrays.copyOfRange(bytes, body, bytes.length))) {
        throw new DamagedException(FACTS + " does not have its checksum");
      }
      return JSON.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw new DamagedException(FACTS + " is not valid JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new DamagedException(FACTS + " cannot be read: " + Disk.reason(e));
    }
  }

  private static void verify(Path file, JsonNode expected) throws DamagedException {
    String name = file.getFileName().toString();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long bytes = expected.path("bytes").asLong(-1);
      if (channel.size() != bytes) {
        throw new DamagedException(name + " has " + channel.size() + " bytes, not " + bytes);
      }
      if (!checksum(channel).equals(expected.path("crc32c").textValue())) {
        throw new DamagedException(name + " does not have its checksum");
      }
    } catch (IOException e) {
      throw new DamagedException(name + " cannot be read: " + Disk.reason(e));
    }
  }

  private static String checksum(FileChannel channel) throws IOException {
    CRC32C checksum = new CRC32C();
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    while (channel.read(chunk) >= 0) {
      checksum.update(chunk.flip());
      chunk.clear();
    }
    return hex(checksum);
  }
}
