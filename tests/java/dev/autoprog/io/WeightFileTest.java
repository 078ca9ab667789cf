package dev.autoprog.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.io.WeightFile.Need;
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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
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
      WeightFile.Report report =
          WeightFile.read(
              file,
              set,
              set.values(),
              name -> name.equals("table") ? Need.OPTIONAL : Need.REQUIRED);
      assertThat(report.kept()).containsExactly("table");
      assertThat(report.unused()).isEqualTo(Map.of("more", Shape.of(7)));
      assertThat(set.named("a.weight").value().toFloats()).containsOnly(5);
      assertThat(set.named("a.bias").value().toFloats()).containsOnly(5);
      assertThat(set.named("table").value().toFloats()).containsOnly(1);
    }
  }

  @Test
  void whatIsKeptIsNotReadWhateverItsShape() throws Exception {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = model(session)) {
      Path file =
          file(
              session,
              Map.of("a.weight", Shape.of(2, 3), "a.bias", Shape.of(2), "table", Shape.of(9, 2)));
      WeightFile.Report report =
          WeightFile.read(
              file, set, set.values(), name -> name.equals("table") ? Need.KEPT : Need.REQUIRED);
      assertThat(report.kept()).containsExactly("table");
      assertThat(report.unused()).isEqualTo(Map.of("table", Shape.of(9, 2)));
      assertThat(set.named("table").value().toFloats()).containsOnly(1);
      assertThat(set.named("a.weight").value().toFloats()).containsOnly(5);
    }
  }

  @Test
  void everythingThatDoesNotFitIsListedAndNothingRead() throws Exception {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = model(session)) {
      Path file = file(session, Map.of("a.weight", Shape.of(3, 2), "table", Shape.of(4, 2)));
      assertThatThrownBy(() -> WeightFile.read(file, set, set.values(), name -> Need.REQUIRED))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("a.weight is (3, 2), expected (2, 3)")
          .hasMessageContaining("a.bias is missing");
      assertThat(set.named("table").value().toFloats()).containsOnly(1);
    }
  }

  @Test
  void partsOfAStackedParameterAreReadUnderTheirOwnNames() throws Exception {
    ParameterSet.Builder builder = keysAndValues();
    builder.free("bias", Initializer.constant(1), 2);
    assertThat(builder.shapes())
        .isEqualTo(
            Map.of(
                "attn.k.weight",
                Shape.of(3, 2),
                "attn.v.weight",
                Shape.of(3, 2),
                "bias",
                Shape.of(2)));
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32)) {
      set.initialize(1);
      float[] fresh = set.named("attn.kv.weight").value().toFloats();
      Path file = file(session, Map.of("attn.v.weight", Shape.of(3, 2), "bias", Shape.of(2)));
      assertThatThrownBy(() -> WeightFile.read(file, set, set.values(), name -> Need.REQUIRED))
          .hasMessageContaining("attn.k.weight is missing");
      WeightFile.Report report =
          WeightFile.read(
              file,
              set,
              set.values(),
              name -> name.equals("attn.k.weight") ? Need.OPTIONAL : Need.REQUIRED);
      assertThat(report.kept()).containsExactly("attn.k.weight");
      float[] read = set.named("attn.kv.weight").value().toFloats();
      assertThat(Arrays.copyOf(read, 6)).isEqualTo(Arrays.copyOf(fresh, 6));
      assertThat(Arrays.copyOfRange(read, 6, 12)).containsOnly(5);
      assertThat(Arrays.copyOfRange(fresh, 6, 12)).isNotEqualTo(Arrays.copyOf(fresh, 6));
    }
  }

  private static ParameterSet.Builder keysAndValues() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    builder
        .under("attn")
        .stacked("kv.weight", List.of("k.weight", "v.weight"), Initializer.uniform(1), 3, 2);
    return builder;
  }

  @Test
  void theNameOfAPartOfAStackedParameterIsTaken() {
    ParameterSet.Builder builder = keysAndValues();
    builder.free("attn.v.weight", Initializer.constant(1), 2);
    try (Session session = Session.open(Backend.named("reference"))) {
      assertThatThrownBy(() -> builder.allocate(session, Precision.FP32))
          .hasMessageContaining("Two parameters are named attn.v.weight");
    }
  }
}
