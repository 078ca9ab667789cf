package dev.autoprog.io;

import static dev.autoprog.io.SafetensorsTest.literal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files whose {@link SafetensorsHeader} does not follow the format, or not fit the file. */
class SafetensorsHeaderTest {
  private static final String X = "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}";

  @TempDir Path folder;

  private SafetensorsReader open(byte[] content) throws IOException, InputException {
    Path file = Files.write(folder.resolve("weights.safetensors"), content);
    return SafetensorsReader.open(file);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,2]}}|'x': data_offsets span 2",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}|[0, 3]; expected [begin, end]",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,0]}}|'x': data_offsets are [2, 0]",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}|begins at byte 1; expected 0",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}|66 bytes long; expected 65 by",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[-2],\"data_offsets\":[0,2]}}|'x': shape is [-2]",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}|'x': shape is [0]",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2.0],\"data_offsets\":[0,2]}}|'x': shape is [2.0]",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":2,\"data_offsets\":[0,2]}}|'x': shape is 2",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,2]}}|'x': shape",
        "{\"x\":{\"dtype\":\"F64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}|span 0 bytes",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,18446744073709551618]}}|'x': data_off",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0]}}|'x': data_offsets are [0]",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2]}}|'x': data_offsets is missing",
        "{\"x\":{\"dtype\":\"u8\",\"shape\":[2],\"data_offsets\":[0,2]}}|'x': dtype is \"u8\"; expected one",
        "{\"x\":{\"shape\":[2],\"data_offsets\":[0,2]}}|'x': dtype is missing",
        "{\"x\":3}|'x': dtype is missing",
        "{\"__metadata__\":3}|__metadata__ is 3",
        "{\"__metadata__\":{\"a\":3}}|__metadata__ is {\"a\":3}",
        "{}|bytes long; expected 16 by its header",
        "[]|begins with byte 91; expected '{'",
        "{\"x\":|header: is not valid",
        "{} {}|header: is not valid",
      })
  void aHeaderThatDoesNotFitIsRefused(String header, String message) {
    assertThatThrownBy(() -> open(literal(header, (byte) 1, (byte) 2)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("weights.safetensors")
        .hasMessageContaining(message);
  }

  @Test
  void overlapAndRepetitionAreRefused() {
    String overlap = X + ",\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}";
    assertThatThrownBy(() -> open(literal(overlap, new byte[3])))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("'y': data begins at byte 1; expected 2");
    String same = X + ",\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";
    assertThatThrownBy(() -> open(literal(same, new byte[2])))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("begins at byte 0; expected 2");
    String twice = X + ",\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}";
    assertThatThrownBy(() -> open(literal(twice, new byte[4])))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("header: is not valid (Duplicate");
  }

  @Test
  void aHeaderThatIsNoUtf8IsRefused() {
    byte[] content = literal(X + "}", new byte[2]);
    content[10] = (byte) 0xFF;
    assertThatThrownBy(() -> open(content))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is not UTF-8");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, 60, 100_000_001, Long.MAX_VALUE})
  void aHeaderLengthThatCannotBeIsRefused(long length) {
    byte[] content = literal(X + "}", new byte[2]);
    assertThat(content.length).isLessThan(68);
    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    assertThatThrownBy(() -> open(content))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("header is said to be " + Long.toUnsignedString(length));
  }

  @Test
  void aFileCutAnywhereIsRefused() {
    byte[] whole = literal(X + "}", (byte) 1, (byte) 2);
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> open(cut)).as("%d bytes", length).isInstanceOf(InputException.class);
    }
    assertThatThrownBy(() -> open(Arrays.copyOf(whole, whole.length + 1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("bytes long; expected");
  }
}
