package dev.autoprog.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.HostDevice;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.OtherClassLoader;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link CheckpointStore}: what is saved, what is kept, and what damage does. */
class CheckpointStoreTest {
  @TempDir Path run;
  private final HostDevice device = new HostDevice();
  private Memory memory;
  private Tensor weight;
  private Tensor moment;

  @BeforeEach
  void makeTensors() {
    memory = device.allocate(64);
    weight = Tensor.over(memory, 0, DType.FLOAT32, Shape.of(2, 3));
    moment = Tensor.over(memory, 32, DType.FLOAT32, Shape.of());
  }

  @AfterEach
  void closeMemory() {
    memory.close();
  }

  private Path checkpoints() {
    return run.resolve("checkpoints");
  }

  /** Saves a checkpoint whose every part depends on the step. */
  private Path save(CheckpointStore store, long step) throws InputException {
    weight.set(step, 1, 2, 3, 4, 5);
    moment.set(-step);
    Map<String, Object> facts =
        Map.of("epoch", step / 10, "rate", step * 1e-4, "stage", "s" + step);
    return store.save(step, Map.of("w", weight), Map.of("adam.m/w", moment), facts);
  }

  private void saveAll(long... steps) throws InputException {
    try (CheckpointStore store = CheckpointStore.open(run)) {
      for (long step : steps) {
        save(store, step);
      }
    }
  }

  private static void requireContent(Checkpoint checkpoint, long step) throws InputException {
    assertThat(checkpoint.step()).isEqualTo(step);
    assertThat(checkpoint.facts().path("epoch").asLong()).isEqualTo(step / 10);
    assertThat(checkpoint.facts().path("rate").asDouble()).isEqualTo(step * 1e-4);
    assertThat(checkpoint.facts().path("stage").asText()).isEqualTo("s" + step);
    try (SafetensorsReader model = checkpoint.openModel();
        SafetensorsReader state = checkpoint.openState()) {
      assertThat(model.tensors().keySet()).containsExactly("w");
      assertThat(model.tensors().get("w").shape()).isEqualTo(Shape.of(2, 3));
      assertThat(model.readFloats("w")).containsExactly(step, 1, 2, 3, 4, 5);
      assertThat(state.readFloats("adam.m/w")).containsExactly(-step);
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(checkpoints())) {
      return entries.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatWasSavedIsThere() throws Exception {
    try (CheckpointStore store = CheckpointStore.open(run.resolve("deep/below"))) {
      Path place = save(store, 123);
      assertThat(place).isEqualTo(run.resolve("deep/below/checkpoints/step-000123"));
      requireContent(store.newest(), 123);
      try (Stream<Path> files = Files.list(place)) {
        assertThat(files.map(f -> f.getFileName().toString()))
            .containsExactlyInAnyOrder("model.safetensors", "state.safetensors", "state.json");
      }
    }
    requireContent(Checkpoint.newestOf(run.resolve("deep/below")), 123);
  }

  @Test
  void factsMayBeAnythingThatJsonHolds() throws Exception {
    try (CheckpointStore store = CheckpointStore.open(run)) {
      Map<String, Object> facts =
          Map.of("list", List.of(1, 2), "text", "a\n\"b\" é", "pi", Math.PI);
      store.save(0, Map.of(), Map.of(), facts);
      assertThat(store.newest().facts().path("list").get(1).asInt()).isEqualTo(2);
      assertThat(store.newest().facts().path("text").asText()).isEqualTo("a\n\"b\" é");
      assertThat(store.newest().facts().path("pi").asDouble()).isEqualTo(Math.PI);
      try (SafetensorsReader model = store.newest().openModel()) {
        assertThat(model.tensors()).isEmpty();
      }
    }
  }

  @Test
  void theNewestThreeAreKept() throws Exception {
    saveAll(1, 2, 10, 1_000_000, 20_000_000);
    assertThat(names()).containsExactly(".lock", "step-000010", "step-1000000", "step-20000000");
    requireContent(Checkpoint.newestOf(run), 20_000_000);
    try (CheckpointStore store = CheckpointStore.open(run, 1)) {
      save(store, 20_000_001);
    }
    assertThat(names()).containsExactly(".lock", "step-20000001");
  }

  @Test
  void laterOnesOfAnAbandonedContinuationAreDeleted() throws Exception {
    saveAll(10, 20, 30);
    saveAll(15);
    assertThat(names()).containsExactly(".lock", "step-000010", "step-000015");
    requireContent(Checkpoint.newestOf(run), 15);
  }

  @Test
  void theSameStepIsReplaced() throws Exception {
    saveAll(5, 7);
    Files.writeString(checkpoints().resolve("step-000007/state.json"), "damaged");
    requireContent(Checkpoint.newestOf(run), 5);
    saveAll(7);
    requireContent(Checkpoint.newestOf(run), 7);
    assertThat(names()).containsExactly(".lock", "step-000005", "step-000007");
  }

  @Test
  void otherThingsInTheDirectoryAreLeftAlone() throws Exception {
    saveAll(1);
    Files.createDirectory(checkpoints().resolve("step-best"));
    Files.writeString(checkpoints().resolve("notes.txt"), "mine");
    saveAll(2, 3, 4, 5);
    assertThat(names()).contains("step-best", "notes.txt");
  }

  @Test
  void leftoversAreRemovedAtOpening() throws Exception {
    saveAll(1);
    Path leftover = Files.createDirectory(checkpoints().resolve(".step-000002.tmp"));
    Files.writeString(leftover.resolve("model.safetensors"), "half");
    requireContent(Checkpoint.newestOf(run), 1);
    assertThat(leftover).exists();
    CheckpointStore.open(run).close();
    assertThat(leftover).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "state.safetensors", "state.json"})
  void everyFlippedByteIsNoticed(String name) throws Exception {
    saveAll(1, 2);
    Path file = checkpoints().resolve("step-000002").resolve(name);
    byte[] content = Files.readAllBytes(file);
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (content[i] ^ 1 << (i % 8));
      Files.write(file, content);
      content[i] = (byte) (content[i] ^ 1 << (i % 8));
      try (CapturedLog log = new CapturedLog()) {
        requireContent(Checkpoint.newestOf(run), 1);
        assertThat(log.text()).contains("step-000002", name, "using", "step-000001");
      }
    }
    Files.write(file, content);
    requireContent(Checkpoint.newestOf(run), 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "state.safetensors", "state.json"})
  void everyCutIsNoticed(String name) throws Exception {
    saveAll(1, 2);
    Path file = checkpoints().resolve("step-000002").resolve(name);
    byte[] content = Files.readAllBytes(file);
    try (CapturedLog log = new CapturedLog()) {
      for (int length = 0; length < content.length; length++) {
        Files.write(file, Arrays.copyOf(content, length));
        requireContent(Checkpoint.newestOf(run), 1);
      }
      Files.write(file, Arrays.copyOf(content, content.length + 1));
      requireContent(Checkpoint.newestOf(run), 1);
      Files.delete(file);
      requireContent(Checkpoint.newestOf(run), 1);
      assertThat(log.text().lines()).hasSize(content.length + 2).allMatch(l -> l.contains(name));
    }
  }

  @Test
  void aCheckpointUnderAnotherStepsNameIsNotUsed() throws Exception {
    saveAll(1);
    Files.move(checkpoints().resolve("step-000001"), checkpoints().resolve("step-000009"));
    assertThatThrownBy(() -> Checkpoint.newestOf(run))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("step-000009 (state.json is of step 1, the folder's name says 9)");
  }

  @Test
  void whereNoneIsIntactAllAreNamed() throws Exception {
    assertThatThrownBy(() -> Checkpoint.newestOf(run.resolve("nowhere")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("checkpoints: no checkpoint; expected");
    saveAll(1, 2);
    Files.delete(checkpoints().resolve("step-000001/state.json"));
    Files.delete(checkpoints().resolve("step-000002/model.safetensors"));
    assertThatThrownBy(() -> Checkpoint.newestOf(run))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("step-000001 (state.json cannot be read: no such file")
        .hasMessageContaining("step-000002 (model.safetensors cannot be read: no such file");
  }

  @Test
  void aDirectoryHasOneStoreAtATime() throws Exception {
    Path link = Files.createSymbolicLink(run.resolve("link"), run);
    try (CheckpointStore first = CheckpointStore.open(run)) {
      for (Path way : List.of(run, link, run.resolve("../" + run.getFileName()))) {
        assertThatThrownBy(() -> CheckpointStore.open(way))
            .isInstanceOf(InputException.class)
            .hasMessageContaining("in use by another training run");
      }
      save(first, 1);
      requireContent(Checkpoint.newestOf(run), 1);
    }
    saveAll(2);
    requireContent(Checkpoint.newestOf(run), 2);
  }

  @Test
  void anotherClassLoaderHasToWaitToo() throws Exception {
    try (URLClassLoader loader = OtherClassLoader.open()) {
      Method open = loader.loadClass(CheckpointStore.class.getName()).getMethod("open", Path.class);
      try (CheckpointStore first = CheckpointStore.open(run)) {
        assertThatThrownBy(() -> open.invoke(null, run))
            .cause()
            .hasMessageContaining("in use by another training run");
        save(first, 1);
      }
      ((AutoCloseable) open.invoke(null, run)).close();
    }
    saveAll(2);
  }

  @Test
  void aPlaceThatCannotBeUsedIsReported() throws Exception {
    Path file = Files.writeString(run.resolve("file"), "");
    assertThatThrownBy(() -> CheckpointStore.open(file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("cannot be written");
    assertThatThrownBy(() -> CheckpointStore.open(run, 0))
        .isInstanceOf(IllegalArgumentException.class);
    Files.writeString(run.resolve("checkpoints"), "");
    assertThatThrownBy(() -> Checkpoint.newestOf(run)).isInstanceOf(InputException.class);
  }

  @Test
  void aNegativeStepIsAProgrammersError() throws Exception {
    try (CheckpointStore store = CheckpointStore.open(run)) {
      assertThatThrownBy(() -> save(store, -1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aTensorThatIsGoneLeavesNothingHalfWritten() throws Exception {
    saveAll(1);
    Memory gone = device.allocate(4);
    Tensor tensor = Tensor.over(gone, 0, DType.FLOAT32, Shape.of(1));
    gone.close();
    try (CheckpointStore store = CheckpointStore.open(run)) {
      assertThatThrownBy(() -> store.save(2, Map.of("w", tensor), Map.of(), Map.of()))
          .isInstanceOf(IllegalStateException.class);
      assertThat(names()).containsExactly(".lock", "step-000001");
    }
  }

  /** Languages whose own digits the system would use, if it were asked to. */
  @ParameterizedTest
  @ValueSource(strings = {"ar-EG", "fa", "mr"})
  void namesAreTheSameInEveryLanguage(String language) throws Exception {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag(language));
    try {
      saveAll(1, 2, 3, 4);
      assertThat(checkpoints().resolve("step-000004")).isDirectory();
      assertThat(checkpoints().resolve("step-000001")).doesNotExist();
      requireContent(Checkpoint.newestOf(run), 4);
    } finally {
      Locale.setDefault(before);
    }
  }
}
