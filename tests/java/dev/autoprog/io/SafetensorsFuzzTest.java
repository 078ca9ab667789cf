package dev.autoprog.io;

import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.InputException;
import dev.autoprog.tensor.DType;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.ByteRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.UniqueElements;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;

/** Random tensors survive a file; random damage never does more than to be reported. */
class SafetensorsFuzzTest {
  private static final int HEADER_LENGTH_BYTES = 8;

  private final HostDevice device = new HostDevice();
  private Path file;

  @BeforeProperty
  void makeFile() throws IOException {
    file = Files.createTempFile("fuzz", ".safetensors");
  }

  @AfterProperty
  void deleteFile() throws IOException {
    Files.delete(file);
    assertThat(device.allocatedBytes()).isZero();
  }

  private Memory write(List<String> names, long seed) throws IOException {
    Random random = new Random(seed);
    Memory memory = device.allocate(names.size() * 4096L);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : names) {
      DType dtype = DType.values()[random.nextInt(4)];
      long[] dims = random.ints(random.nextInt(4), 1, 10).asLongStream().toArray();
      Tensor tensor = Tensor.over(memory, tensors.size() * 4096L, dtype, Shape.of(dims));
      byte[] bytes = new byte[(int) tensor.bytes()];
      random.nextBytes(bytes);
      tensors.put(name, tensor.set(ByteBuffer.wrap(bytes)));
    }
    try (WritableByteChannel out = Files.newByteChannel(file, WRITE, TRUNCATE_EXISTING)) {
      SafetensorsWriter.write(out, tensors, random.nextBoolean() ? Map.of() : Map.of("a", "b"));
    }
    return memory;
  }

  /** Every tensor's bytes, or the error that opening or reading gave. */
  private Map<String, ByteBuffer> readAll() throws InputException {
    Map<String, ByteBuffer> all = new LinkedHashMap<>();
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      for (StoredTensor stored : reader.tensors().values()) {
        DType dtype = dtype(stored.type());
        try (Memory memory = device.allocate(stored.shape().elements() * dtype.bytes())) {
          Tensor into = Tensor.over(memory, 0, dtype, stored.shape());
          reader.read(stored.name(), into);
          ByteBuffer bytes = ByteBuffer.allocate((int) into.bytes());
          device.download(into.address(), bytes);
          all.put(stored.name(), bytes.flip());
        }
      }
    }
    return all;
  }

  private static DType dtype(StoredType type) {
    return switch (type) {
      case BF16 -> DType.BFLOAT16;
      case I32 -> DType.INT32;
      case F64, F32, F16 -> DType.FLOAT32;
      default -> DType.UINT8;
    };
  }

  @Property(tries = 300)
  void randomTensorsSurvive(
      @ForAll @Size(max = 6) @UniqueElements List<String> names, @ForAll long seed)
      throws InputException, IOException {
    List<String> valid = names.stream().filter(n -> n.equals(wellFormed(n))).toList();
    if (valid.isEmpty()) {
      return;
    }
    try (Memory memory = write(valid, seed)) {
      Map<String, ByteBuffer> read = readAll();
      assertThat(read.keySet()).containsExactlyElementsOf(valid);
      int i = 0;
      for (ByteBuffer bytes : read.values()) {
        ByteBuffer written = HostDevice.view(memory.address() + i++ * 4096L, bytes.remaining());
        assertThat(bytes).isEqualTo(written);
      }
      assertThat(headerLength(Files.readAllBytes(file)) % 8).isZero();
    }
  }

  private static long headerLength(byte[] content) {
    return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private static String wellFormed(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  @Property(tries = 3000)
  void aFlippedByteIsReportedOrChangesDataAlone(
      @ForAll @IntRange(max = 10_000) int position,
      @ForAll @ByteRange(min = 1) byte flip,
      @ForAll long seed)
      throws InputException, IOException {
    write(List.of("first", "second.weight", "third"), seed).close();
    Map<String, ByteBuffer> sound = readAll();
    byte[] content = Files.readAllBytes(file);
    int at = position % content.length;
    boolean inData = at >= HEADER_LENGTH_BYTES + headerLength(content);
    content[at] ^= flip;
    Files.write(file, content);
    try {
      Map<String, ByteBuffer> read = readAll();
      if (inData) {
        assertThat(read.keySet()).isEqualTo(sound.keySet());
        long changed =
            read.keySet().stream().filter(n -> !read.get(n).equals(sound.get(n))).count();
        assertThat(changed).isEqualTo(1);
      }
    } catch (InputException e) {
      assertThat(inData).as("a flip of data is no error: " + e.getMessage()).isFalse();
      assertThat(e).hasMessageContaining(file.toString());
    }
  }

  @Property(tries = 1000)
  void anyHeaderIsReportedOrSafe(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    String[] pieces = {
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "\"",
      "0",
      "1",
      "8",
      "-1",
      "1e9",
      "null",
      "\"dtype\"",
      "\"shape\"",
      "\"data_offsets\"",
      "\"F32\"",
      "\"U8\"",
      "\"x\"",
      "\"__metadata__\"",
      " ",
      "9223372036854775807"
    };
    StringBuilder header = new StringBuilder("{");
    for (int i = random.nextInt(30); i > 0; i--) {
      header.append(pieces[random.nextInt(pieces.length)]);
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer content = ByteBuffer.allocate(8 + json.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, content.putLong(json.length).put(json).array());
    try {
      readAll();
    } catch (InputException e) {
      assertThat(e).hasMessageContaining(file.toString());
    }
  }
}
