package dev.autoprog.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightFileTest {
  @TempDir Path directory;

  private static ParameterSet model(Session session) {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    builder.weight("a.weight", Initializer.constant(1), 2, 3);
    builder.free("a.bias", Initializer.constant(1), 2);
    builder.weight("table", Initializer.constant(1), 4, 2);
    ParameterSet set = builder.allocate(session, Precision.FP32);
    set.initialize(1);
    return set;
  }

  private Path file(Session session, Map<String, Shape> shapes) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    shapes.forEach(
        (name, shape) -> {
          Tensor tensor = session.allocate(DType.FLOAT32, shape);
          session.kernels().fill(tensor, 5);
          tensors.put(name, tensor);
        });
    Path file = directory.resolve("weights.safetensors");
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      SafetensorsWriter.write(out, tensors, Map.of());
    }
    return file;
  }

  @Test
  void whatIsThereIsReadAndWhatMayBeMissingIsKept() throws Exception {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = model(session)) {
      Path file =
          file(
              session,
              Map.of("a.weight", Shape.of(2, 3), "a.bias", Shape.of(2), "more", Shape.of(7)));
      assertThat(WeightFile.read(file, set, set.values(), "table"::equals))
          .containsExactly("table");
      assertThat(set.named("a.weight").value().toFloats()).containsOnly(5);
      assertThat(set.named("a.bias").value().toFloats()).containsOnly(5);
      assertThat(set.named("table").value().toFloats()).containsOnly(1);
    }
  }

  @Test
  void everythingThatDoesNotFitIsListedAndNothingRead() throws Exception {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = model(session)) {
      Path file = file(session, Map.of("a.weight", Shape.of(3, 2), "table", Shape.of(4, 2)));
      assertThatThrownBy(() -> WeightFile.read(file, set, set.values(), name -> false))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("a.weight is (3, 2), expected (2, 3)")
          .hasMessageContaining("a.bias is missing");
      assertThat(set.named("table").value().toFloats()).containsOnly(1);
    }
  }
}
