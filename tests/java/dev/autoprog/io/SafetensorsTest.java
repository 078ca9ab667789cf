package dev.autoprog.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.autoprog.InputException;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Device;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link SafetensorsWriter} and {@link SafetensorsReader}, together and against literal files. */
class SafetensorsTest {
  private static final Map<String, String> NO_METADATA = Map.of();
  private static final String PAIR =
      "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";

  @TempDir Path folder;
  private final HostDevice device = new HostDevice();
  private final List<Memory> memories = new ArrayList<>();
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("weights.safetensors");
  }

  @AfterEach
  void closeMemory() {
    memories.forEach(Memory::close);
    assertThat(device.allocatedBytes()).isZero();
  }

  private Tensor tensor(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    Memory memory = device.allocate(shape.elements() * dtype.bytes());
    memories.add(memory);
    return Tensor.over(memory, 0, dtype, shape);
  }

  private Tensor bytes(DType dtype, byte[] content, long... dims) {
    return tensor(dtype, dims).set(ByteBuffer.wrap(content));
  }

  private static byte[] content(Tensor tensor) {
    ByteBuffer bytes = ByteBuffer.allocate((int) tensor.bytes());
    tensor.device().download(tensor.address(), bytes);
    return bytes.array();
  }

  /** The bytes of a file with this header and data; the header is padded with spaces. */
  static byte[] literal(String header, byte... data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) / 8 * 8;
    ByteBuffer bytes = ByteBuffer.allocate(8 + padded + data.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.fill(bytes.array(), (byte) ' ');
    return bytes.putLong(padded).put(json).position(8 + padded).put(data).array();
  }

  private SafetensorsReader open(byte[] content) throws IOException, InputException {
    Files.write(file, content);
    return SafetensorsReader.open(file);
  }

  private float[] floats(byte[] content, String name) throws IOException, InputException {
    try (SafetensorsReader reader = open(content)) {
      return reader.readFloats(name);
    }
  }

  @Test
  void whatWasWrittenIsRead() throws InputException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("scalar", tensor(DType.FLOAT32).set(-2.5f));
    tensors.put("classes.ü \"x\"\n", tensor(DType.UINT8, 3));
    tensors.get("classes.ü \"x\"\n").set(ByteBuffer.wrap(new byte[] {1, -1, 127}));
    tensors.put("half", bytes(DType.BFLOAT16, new byte[] {0, 63, 1, 64, 2, 65}, 1, 3, 1));
    tensors.put("ids", tensor(DType.INT32, 2, 1).set(Integer.MIN_VALUE, 7));
    tensors.put("blocks.0.weight", tensor(DType.FLOAT32, 2, 3, 1).set(1, 2, 3, 4, 5, Float.NaN));
    SafetensorsWriter.write(file, tensors, Map.of("format", "pt", "é", "ü\n"));

    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      assertThat(reader.metadata()).isEqualTo(Map.of("format", "pt", "é", "ü\n"));
      assertThat(reader.tensors().keySet()).containsExactlyElementsOf(tensors.keySet());
      for (var entry : tensors.entrySet()) {
        Tensor written = entry.getValue();
        StoredTensor stored = reader.tensors().get(entry.getKey());
        assertThat(stored.shape()).isEqualTo(written.shape());
        assertThat(stored.type()).isEqualTo(StoredType.of(written.dtype()));
        assertThat(stored.offset() % stored.type().bytes()).as("alignment").isZero();
        Tensor read = tensor(written.dtype(), written.shape().toArray());
        reader.read(entry.getKey(), read);
        assertThat(content(read)).isEqualTo(content(written));
      }
      assertThat(reader.readFloats("scalar")).containsExactly(-2.5f);
      assertThat(reader.readFloats("half")).containsExactly(0.5f, 2.015625f, 8.125f);
    }
  }

  @Test
  void theFileIsWhatTheFormatSays() throws Exception {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", bytes(DType.UINT8, new byte[] {9, 8, 7}, 3));
    tensors.put("a", tensor(DType.INT32, 1, 2).set(1, -2));
    SafetensorsWriter.write(file, tensors, Map.of("k", "v"));
    byte[] expected =
        literal(
            "{\"__metadata__\":{\"k\":\"v\"},"
                + "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]},"
                + "\"a\":{\"dtype\":\"I32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}",
            new byte[] {1, 0, 0, 0, -2, -1, -1, -1, 9, 8, 7});
    assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    JsonNode header =
        new ObjectMapper().readTree(new String(expected, 8, expected.length - 8 - 11, "UTF-8"));
    assertThat(header.fieldNames()).toIterable().containsExactly("__metadata__", "b", "a");
  }

  @Test
  void aFileWithoutTensorsIsFine() throws Exception {
    SafetensorsWriter.write(file, Map.of(), NO_METADATA);
    assertThat(Files.readAllBytes(file)).isEqualTo(literal("{}"));
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      assertThat(reader.tensors()).isEmpty();
      assertThat(reader.metadata()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1 << 18, (1 << 18) + 1, (3 << 18) - 1})
  void piecesMeetWithoutSeam(long elements) throws InputException {
    Tensor written = tensor(DType.INT32, elements);
    int[] values = new int[(int) elements];
    Arrays.setAll(values, i -> i * 0x9E3779B9);
    written.set(values);
    SafetensorsWriter.write(file, Map.of("x", written), NO_METADATA);
    Tensor read = tensor(DType.INT32, elements);
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      reader.read("x", read);
    }
    assertThat(read.toInts()).isEqualTo(values);
  }

  @Test
  void wideAndNarrowFloatsBecomeFloat32() throws Exception {
    byte[] wide =
        literal(
            "{\"x\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}",
            ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(1.0 / 3)
                .putDouble(-1e300)
                .array());
    assertThat(floats(wide, "x")).containsExactly(1f / 3, Float.NEGATIVE_INFINITY);
    Tensor into = tensor(DType.FLOAT32, 2);
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      reader.read("x", into);
    }
    assertThat(into.toFloats()).containsExactly(1f / 3, Float.NEGATIVE_INFINITY);
  }

  @ParameterizedTest
  @CsvSource({
    "0x0000, 0",
    "0x8000, -0.0",
    "0x3C00, 1",
    "0xC000, -2",
    "0x7BFF, 65504",
    "0x0400, 6.1035156e-5",
    "0x03FF, 6.097555e-5",
    "0x0001, 5.9604645e-8",
    "0x8001, -5.9604645e-8",
    "0x3555, 0.33325195",
    "0x7C00, Infinity",
    "0xFC00, -Infinity",
    "0x7E00, NaN"
  })
  void halvesAreExact(String bits, float expected) {
    float value = FloatDecoder.halfToFloat((short) Integer.decode(bits).intValue());
    assertThat(Float.floatToIntBits(value)).isEqualTo(Float.floatToIntBits(expected));
  }

  @Test
  void bfloat16AndFloat16AreReadFromTheirBytes() throws Exception {
    String header =
        "{\"h\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[2,6]}}";
    byte[] data = {0, 0x3C, (byte) 0x80, 0x3F, 0x00, (byte) 0xC0};
    assertThat(floats(literal(header, data), "h")).containsExactly(1f);
    assertThat(floats(literal(header, data), "b")).containsExactly(1f, -2f);
  }

  @ParameterizedTest
  @EnumSource(StoredType.class)
  void everyTypeOfTheFormatOpens(StoredType type) throws Exception {
    String header =
        "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%d]}}"
            .formatted(type, type.bytes());
    try (SafetensorsReader reader = open(literal(header, new byte[type.bytes()]))) {
      assertThat(reader.tensors().get("x").type()).isEqualTo(type);
      if (type.isFloat()) {
        assertThat(reader.readFloats("x")).containsExactly(0f);
      } else {
        assertThatThrownBy(() -> reader.readFloats("x"))
            .isInstanceOf(InputException.class)
            .hasMessageContaining("elements of " + type);
      }
    }
  }

  @Test
  void aFileThatShrinksWhileOpenIsReported() throws Exception {
    try (SafetensorsReader reader = open(literal(PAIR, (byte) 1, (byte) 2))) {
      Files.write(file, new byte[3]);
      assertThatThrownBy(() -> reader.read("x", tensor(DType.UINT8, 2)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("became shorter");
    }
  }

  @Test
  void aTensorThatDoesNotFitIsRefused() throws Exception {
    try (SafetensorsReader reader = open(literal(PAIR, (byte) 1, (byte) 2))) {
      assertThatThrownBy(() -> reader.read("y", tensor(DType.UINT8, 2)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("no tensor 'y' among its 1");
      assertThatThrownBy(() -> reader.read("x", tensor(DType.UINT8, 1, 2)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("'x': its shape is (2); expected (1, 2)");
      assertThatThrownBy(() -> reader.read("x", tensor(DType.FLOAT32, 2)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("'x': its type is U8; expected F64, F32, F16 or BF16");
      assertThatThrownBy(() -> reader.read("x", tensor(DType.BFLOAT16, 2)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("'x': its type is U8; expected BF16");
    }
  }

  @Test
  void aMissingFileIsReported() {
    assertThatThrownBy(() -> SafetensorsReader.open(file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("weights.safetensors: cannot be read (no such file or directory)");
    assertThatThrownBy(() -> SafetensorsReader.open(folder)).isInstanceOf(InputException.class);
  }

  @Test
  void aReservedNameIsAProgrammersError() {
    Map<String, Tensor> tensors = Map.of("__metadata__", tensor(DType.UINT8, 1));
    assertThatThrownBy(() -> SafetensorsWriter.write(file, tensors, NO_METADATA))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(folder).isEmptyDirectory();
  }

  /** A channel that takes only a few bytes at a time, as a channel may. */
  @Test
  void aSlowChannelGetsTheSameBytes() throws Exception {
    Map<String, Tensor> tensors = Map.of("x", tensor(DType.INT32, 5).set(1, 2, 3, 4, 5));
    SafetensorsWriter.write(file, tensors, NO_METADATA);
    ByteBuffer all = ByteBuffer.allocate(1000);
    WritableByteChannel slow =
        new WritableByteChannel() {
          @Override
          public int write(ByteBuffer source) {
            int n = Math.min(3, source.remaining());
            for (int i = 0; i < n; i++) {
              all.put(source.get());
            }
            return n;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    SafetensorsWriter.write(slow, tensors, NO_METADATA);
    assertThat(Arrays.copyOf(all.array(), all.position())).isEqualTo(Files.readAllBytes(file));
  }

  /** A device that lends out addresses of content that exists nowhere. */
  private record Endless(long[] downloaded) implements Device {
    @Override
    public String name() {
      return "endless";
    }

    @Override
    public boolean isHost() {
      return false;
    }

    @Override
    public Memory allocate(long bytes) {
      return new Memory(this, 0, bytes, () -> {});
    }

    @Override
    public void upload(ByteBuffer from, long address) {
      throw new UnsupportedOperationException("This device is read only");
    }

    @Override
    public void download(long address, ByteBuffer to) {
      assertThat(address).isEqualTo(downloaded[0]);
      downloaded[0] += to.remaining();
      to.position(to.limit());
    }

    @Override
    public long allocatedBytes() {
      return 0;
    }
  }

  @Test
  void tensorsBeyondTwoGibibytesGoThroughInPieces() throws Exception {
    Endless endless = new Endless(new long[1]);
    Shape shape = Shape.of(3, 1L << 28);
    Tensor large = Tensor.over(endless.allocate(shape.elements() * 4), 0, DType.FLOAT32, shape);
    long[] written = new long[2];
    WritableByteChannel counter =
        new WritableByteChannel() {
          @Override
          public int write(ByteBuffer source) {
            int n = source.remaining();
            written[0] += n;
            written[1] = Math.max(written[1], n);
            source.position(source.limit());
            return n;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    SafetensorsWriter.write(counter, Map.of("x", large), NO_METADATA);
    assertThat(endless.downloaded()[0]).isEqualTo(3L << 30);
    assertThat(written[0]).isBetween(3L << 30, (3L << 30) + 100);
    assertThat(written[1]).isLessThanOrEqualTo(1 << 20);
  }
}
