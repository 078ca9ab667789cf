package dev.autoprog.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.autoprog.InputException;
import dev.autoprog.io.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Records as JSON that people can read, too: indented, names in snake_case. */
final class JsonFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private JsonFile() {}

  /** Writes a file, over one that is there. */
  static void write(Path file, Record content) throws InputException {
    try {
      ByteBuffer text = StandardCharsets.UTF_8.encode(JSON.writeValueAsString(content) + "\n");
      Disk.LOCAL.replace(file, out -> Disk.writeFully(out, text));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads what {@link #write} has written. */
  static <R extends Record> R read(Path file, Class<R> type) throws InputException {
    try {
      return JSON.readValue(Files.readString(file), type);
    } catch (JsonProcessingException e) {
      throw new InputException(
          file.toString(),
          "not what was written there (" + e.getOriginalMessage() + ")",
          "JSON of this library's making",
          "Delete the file: it will be written again",
          e);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }
}
