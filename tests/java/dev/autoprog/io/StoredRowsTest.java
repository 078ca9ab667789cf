package dev.autoprog.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.SafetensorsBytes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoredRowsTest {
  private static final float[] VALUES = {1, -2, 0.5f, 3, 4, -0.25f, 7, 8, 9, 10, 11, 12};

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(
      value = StoredType.class,
      names = {"F16", "BF16", "F32"})
  void rowsAreReadInAnyOrderWhenTheFileIsClosed(StoredType type) throws Exception {
    Path file =
        new SafetensorsBytes(Map.of())
            .add("before", StoredType.I64, new float[] {1}, 1)
            .add("rows", type, VALUES, 4, 3, 1)
            .write(directory.resolve("rows.safetensors"));
    StoredRows rows;
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      rows = reader.rows("rows");
    }
    assertThat(rows.count()).isEqualTo(4);
    assertThat(rows.read(3)).containsExactly(10, 11, 12);
    assertThat(rows.read(0)).containsExactly(1, -2, 0.5f);
    assertThat(rows.read(1)).containsExactly(3, 4, -0.25f);
    assertThatThrownBy(() -> rows.read(4)).isInstanceOf(IllegalArgumentException.class);
    Files.delete(file);
    assertThatThrownBy(() -> rows.read(0))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void integersOfBothWidthsAreReadAndOthersRefused() throws Exception {
    Path file =
        new SafetensorsBytes(Map.of())
            .add("narrow", StoredType.I32, new float[] {3, -1}, 2)
            .add("wide", StoredType.I64, new float[] {5, -7, 1 << 24}, 3)
            .add("huge", StoredType.I64, new float[] {1L << 40}, 1)
            .add("floats", StoredType.F32, new float[] {1, 2}, 2)
            .write(directory.resolve("integers.safetensors"));
    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
      assertThat(reader.readInts("narrow")).containsExactly(3, -1);
      assertThat(reader.readInts("wide")).containsExactly(5, -7, 1 << 24);
      assertThatThrownBy(() -> reader.readInts("huge"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("a number of more than 32 bits");
      assertThatThrownBy(() -> reader.readInts("floats"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("2 elements of F32");
      assertThatThrownBy(() -> reader.rows("narrow"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("expected rows of F64, F32, F16 or BF16");
      assertThatThrownBy(() -> reader.rows("floats"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("F32 (2)");
    }
  }

  @Test
  void theChecksumOfTensorsIsThatOfTheirFile() throws Exception {
    Path file = directory.resolve("tensors.safetensors");
    HostDevice host = new HostDevice();
    try (Memory memory = host.allocate(64)) {
      Tensor narrow = Tensor.over(memory, 48, DType.BFLOAT16, Shape.of(3)).set(1f, 2f, 3f);
      Tensor wide = Tensor.over(memory, 0, DType.FLOAT32, Shape.of(4, 3)).set(VALUES);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("narrow", narrow); // the wider one's data come first in the file
      tensors.put("wide", wide);
      String checksum = SafetensorsWriter.checksum(tensors);
      SafetensorsWriter.write(file, tensors, Map.of("some", "text"));
      try (SafetensorsReader reader = SafetensorsReader.open(file)) {
        assertThat(reader.checksum()).isEqualTo(checksum).hasSize(8);
      }
      wide.set(new float[12]);
      assertThat(SafetensorsWriter.checksum(tensors)).isNotEqualTo(checksum);
    }
  }
}
