package dev.autoprog.train;

import static dev.autoprog.train.RunFiles.assertSameCheckpoint;
import static dev.autoprog.train.RunFiles.events;
import static dev.autoprog.train.RunFiles.losses;
import static dev.autoprog.train.RunFiles.newest;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSplit;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.tensor.DeviceMemoryException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResumeTest {
  @TempDir Path directory;

  /** In the middle of an epoch, at its end, at a stage's end, in the first and in the last step. */
  @ParameterizedTest
  @ValueSource(longs = {1, 4, 6, 12, 15, 24, 35})
  void aResumedRunReachesTheSameBits(long stopAfter) throws Exception {
    RunConfig config = TinyRuns.config();
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    RunSummary expected = TinyRuns.train(config, whole, TrainingListener.NONE);

    RunSummary first = TinyRuns.trainUntil(stopAfter, config, broken);
    assertThat(first.complete()).isFalse();
    assertThat(first.steps()).isEqualTo(stopAfter);
    RunSummary second = TinyRuns.resume(Trainer.configOf(broken), broken);

    assertThat(second.complete()).isTrue();
    assertThat(second.testAccuracy()).isEqualTo(expected.testAccuracy());
    assertSameCheckpoint(whole, broken);
    assertThat(losses(broken)).isEqualTo(losses(whole));
  }

  @Test
  void aRunCanBeBrokenOffAgainAndAgain() throws Exception {
    RunConfig config = TinyRuns.config();
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    TinyRuns.trainUntil(5, config, broken);
    for (long steps = 10; steps < 36; steps += 5) {
      TinyRuns.resumeUntil(steps, config, broken);
    }
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(losses(broken)).isEqualTo(losses(whole));
  }

  @Test
  void withoutImagesOrADirectoryNothingBegins() throws Exception {
    try (Session session = Session.open(Backend.named("reference"))) {
      Trainer withoutImages = Trainer.of(session, TinyRuns.config()).into(directory);
      Trainer withoutDirectory = Trainer.of(session, TinyRuns.config()).on(TinyRuns.IMAGES);
      for (Trainer trainer : List.of(withoutImages, withoutDirectory)) {
        assertThatThrownBy(trainer::train)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageEndingWith("call on(…) and into(…) first");
      }
      assertThat(directory).isEmptyDirectory();
    }
  }

  @Test
  void aRunThatDiedBeforeItsFirstStepResumes() throws Exception {
    RunConfig config = TinyRuns.config();
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    TrainingListener fatal =
        new TrainingListener() {
          @Override
          public void stageStarted(Stage stage, long steps) {
            throw new IllegalStateException("dead");
          }
        };
    assertThatThrownBy(() -> TinyRuns.train(config, broken, fatal)).hasMessage("dead");
    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(events(broken)).isEqualTo(events(whole));
  }

  /** The last checkpoint before is the one after the epoch's last step. */
  @Test
  void anEvaluationAfterWhichARunDiedIsToldOfOnce() throws Exception {
    RunConfig config = TinyRuns.config("training.checkpoint_seconds=1e-9");
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    TrainingListener fatal =
        new TrainingListener() {
          @Override
          public void evaluated(Stage stage, int epoch, double accuracy) {
            throw new IllegalStateException("dead");
          }
        };
    assertThatThrownBy(() -> TinyRuns.train(config, broken, fatal)).hasMessage("dead");
    assertThat(Checkpoint.newestOf(broken).step()).isEqualTo(6);
    TinyRuns.resume(config, broken);
    assertThat(events(broken)).isEqualTo(events(whole));
  }

  @Test
  void aStopInAnEpochsLastStepLeavesTheEvaluationToTheResumption() throws Exception {
    RunConfig config = TinyRuns.config();
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    RunSummary expected = TinyRuns.train(config, whole, TrainingListener.NONE);
    TinyRuns.trainUntil(36, config, broken);
    assertThat(events(broken)).filteredOn(e -> e.startsWith("eval")).hasSize(5);
    RunSummary rest = TinyRuns.resume(config, broken);
    assertThat(rest.complete()).isTrue();
    assertThat(rest.testAccuracy()).isEqualTo(expected.testAccuracy());
    assertThat(events(broken)).isEqualTo(events(whole));
  }

  @Test
  void theScheduleIsThatOfTheCheckpoint() throws Exception {
    TinyRuns.trainUntil(15, TinyRuns.config(), directory);
    Path schedule = directory.resolve("schedule.yaml");
    String before = Files.readString(schedule);
    Files.writeString(schedule, before + before.lines().skip(2).findFirst().orElseThrow());
    TinyRuns.resumeUntil(16, TinyRuns.config(), directory);
    assertThat(schedule).hasContent(before);
  }

  /** As they were before they told of updates. */
  @Test
  void aCheckpointThatTellsOfNoUpdatesIsReadAllTheSame() throws Exception {
    RunConfig config = TinyRuns.config();
    TinyRuns.trainUntil(4, config, directory);
    Checkpoint newest = Checkpoint.newestOf(directory);
    ObjectNode facts = newest.facts().deepCopy();
    facts.remove(List.of("updates", "marked_updates"));
    int depth = facts.path("progress").path("depth").asInt();
    try (Session session = Session.open(Backend.named(config.backend()));
        Learner learner = RunSetup.of(session, config, TinyRuns.IMAGES).newLearner(depth)) {
      RunRecord.restore(new Checkpoint(newest.directory(), newest.step(), facts), learner);
      assertThat(learner.counts()).isEqualTo(new UpdateCounts(4, Map.of()));
    }
  }

  @Test
  void aDamagedCheckpointIsPassedOverForTheOneBefore() throws Exception {
    RunConfig config = TinyRuns.config();
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    TinyRuns.train(config, whole, TrainingListener.NONE);
    TinyRuns.trainUntil(8, config, broken);
    TinyRuns.resumeUntil(20, config, broken);
    Path newest = newest(broken).resolve("state.safetensors");
    byte[] bytes = Files.readAllBytes(newest);
    bytes[bytes.length / 2] ^= 1;
    Files.write(newest, bytes);

    TinyRuns.resume(config, broken);
    assertSameCheckpoint(whole, broken);
    assertThat(losses(broken)).isEqualTo(losses(whole));
  }

  @Test
  void aCheckpointOfAnotherModelIsRefused() throws Exception {
    TinyRuns.trainUntil(3, TinyRuns.config(), directory);
    assertThatThrownBy(() -> TinyRuns.resume(TinyRuns.config("model.width=32"), directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("another model")
        .hasMessageContaining("width=16")
        .hasMessageContaining("width=32");
  }

  @Test
  void otherImagesThanTheRunBeganWithAreRefused() throws Exception {
    RunConfig config = TinyRuns.config();
    TinyRuns.trainUntil(3, config, directory);
    for (DataSplit other :
        List.of(
            TinyImages.split(32, 32),
            TinyImages.split(96, 31),
            new DataSplit("other", new TinyImages(96, 7), TinyRuns.IMAGES.test()))) {
      assertThatThrownBy(() -> TinyRuns.resumeOn(other, config, directory))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("other images or batches");
    }
    RunConfig largerBatch = TinyRuns.config("training.batch=32");
    assertThatThrownBy(() -> TinyRuns.resume(largerBatch, directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("batch=16")
        .hasMessageContaining("batch=32");
  }

  @Test
  void aRunIsNeverWrittenOver() throws Exception {
    TinyRuns.trainUntil(1, TinyRuns.config(), directory);
    assertThatThrownBy(() -> TinyRuns.train(TinyRuns.config(), directory, TrainingListener.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is a run in it")
        .hasMessageContaining("--resume");
  }

  /** As for want of memory in the first step. */
  @Test
  void whatIsRefusedBeforeTheFirstStepLeavesRoomForAnotherRun() throws Exception {
    TrainingListener refusing =
        new TrainingListener() {
          @Override
          public void stageStarted(Stage stage, long steps) {
            throw new DeviceMemoryException("cpu", 1, "take less");
          }
        };
    Path run = directory.resolve("run");
    assertThatThrownBy(() -> TinyRuns.train(TinyRuns.config(), run, refusing))
        .isInstanceOf(DeviceMemoryException.class);
    assertThat(run).isEmptyDirectory();
    TinyRuns.trainUntil(1, TinyRuns.config(), run);
    assertThatThrownBy(() -> TinyRuns.train(TinyRuns.config(), run, refusing))
        .hasMessageContaining("there is a run in it");
    TinyRuns.resume(TinyRuns.config(), run);
  }

  @ParameterizedTest
  @ValueSource(strings = {"metrics.jsonl", "schedule.yaml", "checkpoints"})
  void whatIsLeftOfARunIsNeverMixedWithANewOne(String left) throws Exception {
    Path old = directory.resolve("old");
    Path run = Files.createDirectory(directory.resolve("new"));
    TinyRuns.trainUntil(15, TinyRuns.config(), old);
    Files.move(old.resolve(left), run.resolve(left));
    assertThatThrownBy(() -> TinyRuns.train(TinyRuns.config(), run, TrainingListener.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("a part of one");
    assertThat(run.resolve("config.yaml")).doesNotExist();
  }

  @Test
  void aLossThatIsNotFiniteStopsTheRunAndKeepsTheLastGoodCheckpoint() throws Exception {
    RunConfig config =
        TinyRuns.config(
            "optimizer.learning_rate=1e38",
            "optimizer.warmup_epochs=0",
            "optimizer.clip_norm=0",
            "training.checkpoint_seconds=1e-9");
    assertThatThrownBy(() -> TinyRuns.train(config, directory, TrainingListener.NONE))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("At step")
        .hasMessageContaining(directory.toString());
    assertThat(Checkpoint.newestOf(directory).step()).isPositive();
  }
}
