package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CommandLineTest {
  private static final String[] TINY = {
    "train",
    "--epochs=2",
    "--set=progressive.stages=2",
    "--set=model.patch=14",
    "--set=model.width=16",
    "--set=model.depth=2",
    "--set=model.heads=1",
    "--set=training.batch=256",
    "--set=optimizer.warmup_epochs=0"
  };

  @TempDir Path directory;

  private Commands.Outcome train(String... more) {
    String[] arguments = new String[TINY.length + 1 + more.length];
    System.arraycopy(TINY, 0, arguments, 0, TINY.length);
    arguments[TINY.length] = "--run=" + directory.resolve("run");
    System.arraycopy(more, 0, arguments, TINY.length + 1, more.length);
    return run(arguments);
  }

  @Test
  void trainEndsWithTheTableOfStagesAndLeavesWhatProgramsRead() throws Exception {
    Commands.Outcome outcome = train();
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .contains("Fashion-MNIST", "9,000 images to train", "epoch   2/2", "stage  depth")
        .containsPattern("(?m)^ +1 +1 +28×28 px +1 +35 ")
        .containsPattern("(?m)^ +2 +2 +28×28 px +1 +35 ")
        .containsPattern("Test accuracy [0-9.]+ %")
        .containsPattern("Full-size training would have cost [0-9.]+ s");
    Path run = directory.resolve("run");
    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    JsonNode end = new ObjectMapper().readTree(lines.get(lines.size() - 1));
    assertThat(end.get("event").asText()).isEqualTo("end");
    assertThat(end.get("test_accuracy").asDouble()).isBetween(0.1, 1.0);
    assertThat(end.get("train_seconds").asDouble()).isPositive();
    assertThat(end.get("search_seconds").asDouble()).isZero();
    assertThat(end.get("steps").asLong()).isEqualTo(70);
    assertThat(run.resolve("schedule.yaml")).content().contains("resolution: 28", "depth: 2");
    assertThat(run.resolve("checkpoints/step-000070/model.safetensors")).exists();
  }

  @Test
  void aRunThatIsCompleteResumesToItsEnd() throws Exception {
    assertThat(train().code()).isZero();
    Path metrics = directory.resolve("run/metrics.jsonl");
    List<String> before = events(metrics);
    Commands.Outcome again = run("train", "--resume=" + directory.resolve("run"));
    assertThat(again.err()).isEmpty();
    assertThat(again.code()).isZero();
    assertThat(again.out()).contains("Test accuracy");
    assertThat(events(metrics)).isEqualTo(before).containsOnlyOnce("end");
  }

  @Test
  void aFinishedRunsScheduleIsTrainedAgainForAsManyEpochs() {
    assertThat(train().code()).isZero();
    String schedule = "--schedule=" + directory.resolve("run/schedule.yaml");
    List<String> arguments = new ArrayList<>(List.of(TINY));
    arguments.removeAll(List.of("--epochs=2", "--set=progressive.stages=2"));
    arguments.addAll(List.of("--run=" + directory.resolve("again"), schedule));
    Commands.Outcome again = run(arguments.toArray(String[]::new));
    assertThat(again.err()).isEmpty();
    assertThat(again.out())
        .containsPattern("(?m)^ +1 +1 +28×28 px +1 +35 ")
        .containsPattern("(?m)^ +2 +2 +28×28 px +1 +35 ");
    arguments.add("--epochs=3");
    assertThat(run(arguments.toArray(String[]::new)).err())
        .contains("progressive.given lasts 2 epochs, training.epochs is 3");
  }

  @Test
  void aScheduleIsForTrainAloneAndForNoResumedRun() {
    assertThat(run("compare", "--schedule=schedule.yaml").err()).contains("--schedule");
    String run = directory.resolve("run").toString();
    assertThat(run("train", "--resume=" + run, "--schedule=schedule.yaml").err())
        .contains("other settings beside it");
  }

  private static List<String> events(Path metrics) throws Exception {
    ObjectMapper json = new ObjectMapper();
    List<String> events = new ArrayList<>();
    for (String line : Files.readAllLines(metrics)) {
      events.add(json.readTree(line).get("event").asText());
    }
    return events;
  }

  @Test
  void aNewDirectoryIsRemovedWhereNothingWasWritten() throws Exception {
    Path unused = TrainCommand.fresh(directory, LocalDateTime.now());
    TrainCommand.removeIfEmpty(unused);
    assertThat(unused).doesNotExist();
    Path used = TrainCommand.fresh(directory, LocalDateTime.now());
    Files.createFile(used.resolve("config.yaml"));
    TrainCommand.removeIfEmpty(used);
    assertThat(used.resolve("config.yaml")).exists();
  }

  @Test
  void anUnknownKeyIsNamedWithTheNearestKnownOne() {
    Commands.Outcome outcome = train("--set=optimizer.learning_rat=0.1");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("learning_rat", "optimizer", "learning_rate");
  }

  @Test
  void aPatchThatDoesNotDivideTheResolutionIsRefusedBeforeAnythingIsWritten() {
    Commands.Outcome outcome = train("--set=model.resolution=30");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("patch of 14", "30");
    assertThat(directory.resolve("run")).doesNotExist();
  }

  @Test
  void dataThatIsNotThereIsNamed() {
    Commands.Outcome outcome = train("--data=cifar10:/no/such/place");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("/no/such/place").doesNotContain("\tat ");
  }

  @Test
  void aBackendThatCannotServeSaysWhyAndNothingElseIsTried() {
    Commands.Outcome outcome = train("--backend=cuda");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("Backend cuda cannot serve here").doesNotContain("\tat ");
    Commands.Outcome unknown = train("--backend=tpu");
    assertThat(unknown.err()).contains("no backend named tpu", "reference");
  }

  @Test
  void resumeTakesNoOtherSettings() {
    Commands.Outcome outcome = run("train", "--resume=" + directory, "--epochs=3");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("--resume");
    assertThat(run("train", "--resume=" + directory.resolve("nothing")).err())
        .contains("nothing", "config.yaml");
  }

  @Test
  void runsThatBeginInTheSameSecondHaveDirectoriesOfTheirOwn() throws Exception {
    LocalDateTime time = LocalDateTime.of(2026, 10, 25, 2, 30, 1);
    Path runs = directory.resolve("runs");
    assertThat(TrainCommand.fresh(runs, time)).isEqualTo(runs.resolve("2026-10-25-023001"));
    assertThat(TrainCommand.fresh(runs, time)).isEqualTo(runs.resolve("2026-10-25-023001-2"));
    assertThat(TrainCommand.fresh(runs, time)).isEqualTo(runs.resolve("2026-10-25-023001-3"));
  }

  @Test
  void numbersAreWrittenAlikeOnEverySystem() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.GERMANY);
    try {
      Main.settle();
      assertThat(run("doctor").out()).contains("9,000 images to train", " GB memory");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void aMistypedOptionShowsTheUsage() {
    Commands.Outcome outcome = run("train", "--epoch=3");
    assertThat(outcome.code()).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(outcome.err()).contains("--epoch", "--epochs");
  }

  @Test
  void threadsAreCheckedWhereverTheyAreAskedFor() {
    for (String command : List.of("train", "score", "compare", "pretrain-diffusion")) {
      for (String threads : List.of("-5", "2000")) {
        Commands.Outcome outcome = run(command, "--threads=" + threads);
        assertThat(outcome.code()).isNotZero();
        assertThat(outcome.err())
            .contains("--threads: " + threads + "; expected from 0 to 1024")
            .doesNotContain("\tat ");
      }
    }
  }

  @Test
  void doctorTellsOfBackendsAndData() {
    Commands.Outcome outcome = run("doctor");
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .contains("cuda", "cpu", "reference", "plain Java", "Fashion-MNIST", "Ankle boot")
        .containsPattern("auto takes (cpu|reference)");
  }

  @Test
  void doctorMeasuresIfAsked() {
    assertThat(run("doctor", "--measure").out())
        .containsPattern("Peaks +[0-9]+ GFLOP/s float32, [0-9]+ GFLOP/s bfloat16.*[0-9]+ GB/s");
  }

  @Test
  void benchWithoutItsJarSaysWhatToType() {
    Commands.Outcome outcome = run("bench", "Matmul", "--jar=" + directory.resolve("none.jar"));
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("none.jar", "-Pjmh").doesNotContain("\tat ");
  }
}
