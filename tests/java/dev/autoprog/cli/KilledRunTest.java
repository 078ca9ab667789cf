package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.run.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that are ended from outside, in the middle of training. */
class KilledRunTest {
  private static final int KILLS = 6;
  private static final int MOST_MILLIS = 400;

  @TempDir Path directory;

  @Test
  void aKilledRunAlwaysLeavesACheckpointThatResumes() throws Exception {
    Path run = directory.resolve("run");
    Process process = start(train(run));
    long step = -1;
    for (int kill = 0; kill < KILLS; kill++) {
      awaitCheckpointAfter(step, run, process);
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(MOST_MILLIS));
      process.destroyForcibly().waitFor();
      long reached = Checkpoint.newestOf(run).step();
      assertThat(reached).isGreaterThan(step);
      step = reached;
      process = start(List.of("train", "--resume", run.toString()));
    }
    awaitCheckpointAfter(step, run, process);
    process.destroyForcibly().waitFor();
  }

  @Test
  void anInterruptedRunWritesACheckpointAndSaysHowToGoOn() throws Exception {
    Path run = directory.resolve("Ada's run");
    List<String> arguments = new ArrayList<>(train(run));
    arguments.add("--set=training.checkpoint_seconds=1000");
    Process process = start(arguments);
    Path metrics = run.resolve("metrics.jsonl");
    while (!Files.exists(metrics) || Files.readString(metrics).lines().count() < 5) {
      assertThat(process.isAlive()).as(output()).isTrue();
      TimeUnit.MILLISECONDS.sleep(20);
    }
    process.destroy();
    process.waitFor();
    long steps =
        Files.readString(metrics).lines().filter(l -> l.startsWith("{\"event\":\"step\"")).count();
    assertThat(Checkpoint.newestOf(run).step()).isEqualTo(steps);
    String quoted = "'" + run.toString().replace("'", "'\\''") + "'";
    assertThat(output()).contains("Stopped after", "./autoprog train --resume " + quoted);
  }

  private static List<String> train(Path run) {
    return List.of(
        "train",
        "--run=" + run,
        "--epochs=1000",
        "--set=training.checkpoint_seconds=0.05",
        "--set=model.patch=14",
        "--set=model.width=16",
        "--set=model.depth=2",
        "--set=model.heads=1");
  }

  private void awaitCheckpointAfter(long step, Path run, Process process) throws Exception {
    Path checkpoints = run.resolve("checkpoints");
    long newest = -1;
    while (newest <= step) {
      assertThat(process.isAlive()).as(output()).isTrue();
      TimeUnit.MILLISECONDS.sleep(20);
      newest = Files.isDirectory(checkpoints) ? newestStep(checkpoints) : -1;
    }
  }

  private static long newestStep(Path checkpoints) throws IOException {
    try (var entries = Files.list(checkpoints)) {
      return entries
          .map(p -> p.getFileName().toString())
          .filter(name -> name.matches("step-\\d+"))
          .mapToLong(name -> Long.parseLong(name.substring(5)))
          .max()
          .orElse(-1);
    }
  }

  private Process start(List<String> arguments) throws IOException {
    return Commands.start(directory.resolve("output"), arguments);
  }

  private String output() throws IOException {
    Path file = directory.resolve("output");
    return Files.exists(file) ? Files.readString(file) : "";
  }
}
