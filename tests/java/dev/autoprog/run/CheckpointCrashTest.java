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
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link CheckpointStore} when the disk refuses, the process dies, or two processes compete. */
class CheckpointCrashTest {
  private static final int FLOATS = 50_000;

  @TempDir Path folder;
  private final HostDevice device = new HostDevice();
  private final Memory memory = device.allocate(FLOATS * 4L);
  private final Tensor weight = Tensor.over(memory, 0, DType.FLOAT32, Shape.of(FLOATS));

  @AfterEach
  void closeMemory() {
    memory.close();
  }

  /** Saves a checkpoint in which {@code mark} stands everywhere. */
  private void save(CheckpointStore store, long step, float mark) throws InputException {
    float[] values = new float[FLOATS];
    Arrays.fill(values, mark);
    weight.set(values);
    store.save(step, Map.of("w", weight), Map.of("m", weight), Map.of("mark", mark));
  }

  /** The mark of the newest checkpoint, which must be the same in all its parts. */
  private static float newestMark(Path run) throws InputException {
    Checkpoint newest = Checkpoint.newestOf(run);
    float mark = newest.facts().path("mark").floatValue();
    try (SafetensorsReader model = newest.openModel();
        SafetensorsReader state = newest.openState()) {
      for (float[] values : List.of(model.readFloats("w"), state.readFloats("m"))) {
        for (float value : values) {
          assertThat(value).isEqualTo(mark);
        }
      }
    }
    return mark;
  }

  private static List<String> names(Path run) throws IOException {
    try (Stream<Path> entries = Files.list(run.resolve("checkpoints"))) {
      return entries.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  private Path runWith(String name, long... steps) throws InputException {
    Path run = folder.resolve(name);
    try (CheckpointStore store = CheckpointStore.open(run, 2)) {
      for (long step : steps) {
        save(store, step, step);
      }
    }
    return run;
  }

  /** How many disk operations it takes to open a store on such a run and save {@code step}. */
  private int operations(long step, long... before) throws InputException {
    FailingDisk disk = FailingDisk.sound();
    try (CheckpointStore store = CheckpointStore.open(runWith("counted" + step, before), 2, disk)) {
      save(store, step, -1);
    }
    return disk.operations();
  }

  /** Lets the disk fail at each operation in turn while {@code step} is saved with the mark -1. */
  private void sweep(IntFunction<FailingDisk> disks, long step, float before) throws Exception {
    int operations = operations(step, 1, 2);
    assertThat(operations).isGreaterThan(6);
    for (int failing = 2; failing <= operations; failing++) {
      Path run = runWith("step" + step + "-failing" + failing, 1, 2);
      boolean saved;
      try (CapturedLog log = new CapturedLog()) {
        saved = trySaving(run, step, disks.apply(failing));
        assertThat(log.text().contains("Cannot delete outdated checkpoints")).isEqualTo(saved);
      }
      try (CheckpointStore store = CheckpointStore.open(run, 2)) {
        float mark = newestMark(run);
        assertThat(mark).as("operation %d", failing).isIn(before, -1f);
        assertThat(saved && mark != -1).as("saved, but lost").isFalse();
        assertThat(names(run)).allMatch(n -> n.equals(".lock") || n.startsWith("step-"));
        save(store, step + 1, 7);
      }
      assertThat(newestMark(run)).isEqualTo(7);
    }
  }

  /** Whether the checkpoint was saved; what failed, if not, must have been reported. */
  private boolean trySaving(Path run, long step, FailingDisk disk) {
    try (CheckpointStore store = CheckpointStore.open(run, 2, disk)) {
      save(store, step, -1);
      return true;
    } catch (InputException e) {
      assertThat(e).hasMessageContaining("No space left on device");
      return false;
    }
  }

  @Test
  void aProcessThatDiesAnywhereLeavesACompleteCheckpoint() throws Exception {
    sweep(FailingDisk::dyingAt, 3, 2);
  }

  @Test
  void aProcessThatDiesWhileReplacingLeavesACompleteCheckpoint() throws Exception {
    sweep(FailingDisk::dyingAt, 2, 2);
  }

  @Test
  void aDiskThatFailsOnceLeavesACompleteCheckpoint() throws Exception {
    sweep(FailingDisk::failingOnceAt, 3, 2);
    sweep(FailingDisk::failingOnceAt, 2, 2);
  }

  @Test
  void aFullDiskIsReportedAndTheHalfWrittenFolderRemoved() throws Exception {
    Path run = runWith("full", 1, 2);
    List<String> before = names(run);
    for (String file : List.of("model.safetensors", "state.safetensors", "state.json")) {
      FailingDisk disk = FailingDisk.withoutRoomFor(file);
      try (CheckpointStore store = CheckpointStore.open(run, 2, disk)) {
        assertThatThrownBy(() -> save(store, 3, 3))
            .isInstanceOf(InputException.class)
            .hasMessageContaining(".step-000003.tmp/" + file)
            .hasMessageContaining("cannot be written (No space left on device)");
        assertThat(names(run)).isEqualTo(before);
        assertThat(newestMark(run)).isEqualTo(2);
      }
    }
  }

  /** Saves checkpoints without end, or, where the directory is in use, says so and ends. */
  static final class Saver {
    private Saver() {}

    public static void main(String[] arguments) throws InputException {
      CheckpointCrashTest test = new CheckpointCrashTest();
      try (CheckpointStore store = CheckpointStore.open(Path.of(arguments[0]), 2)) {
        for (long step = 1; ; step++) {
          test.save(store, step, step);
          System.out.println("saved " + step);
        }
      } catch (InputException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private static Process startSaver(Path run) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Saver.class.getName(),
            run.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void aKilledProcessLeavesACompleteCheckpointAndNoLock() throws Exception {
    Path run = folder.resolve("killed");
    Process saver = startSaver(run);
    long last = 0;
    try (BufferedReader lines = saver.inputReader()) {
      while (last < 5) {
        String line = lines.readLine();
        assertThat(line).startsWith("saved ");
        last = Long.parseLong(line.substring("saved ".length()));
      }
      assertThatThrownBy(() -> CheckpointStore.open(run))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("in use by another training run");
    } finally {
      saver.destroyForcibly().waitFor();
    }
    try (CheckpointStore store = CheckpointStore.open(run)) {
      assertThat(newestMark(run)).isGreaterThanOrEqualTo(5);
      Process second = startSaver(run);
      try (BufferedReader lines = second.inputReader()) {
        assertThat(lines.readLine()).contains("in use by another training run");
      } finally {
        second.destroyForcibly().waitFor();
      }
      save(store, 1_000_000, 7);
    }
    assertThat(newestMark(run)).isEqualTo(7);
  }
}
