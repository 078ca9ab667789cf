package dev.autoprog.train.diffusion;

import static dev.autoprog.train.RunFiles.assertSameCheckpoint;
import static dev.autoprog.train.RunFiles.events;
import static dev.autoprog.train.RunFiles.lines;
import static dev.autoprog.train.RunFiles.losses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSplit;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.testing.Candidate;
import dev.autoprog.train.TinyImages;
import dev.autoprog.train.TrainingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that take a moment: a DiT of width 16 on tiny images, 24 steps of 16 images. */
class DiffusionTrainerTest {
  private static final DataSplit IMAGES = TinyImages.split(96, 32);

  @TempDir Path directory;

  private static DiffusionConfig config(String... overrides) throws InputException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "backend=" + Candidate.nameOr("auto"),
                "training.steps=24",
                "training.batch=16",
                "training.checkpoint_seconds=1000",
                "model.dit.patch=3",
                "model.dit.width=16",
                "model.dit.depth=4",
                "model.dit.heads=2",
                "optimizer.learning_rate=0.003",
                "optimizer.warmup_steps=4",
                "optimizer.average_decay=0.9",
                "noise.steps=100",
                "validation.every=7",
                "validation.images=32"));
    all.addAll(List.of(overrides));
    return ConfigFile.override(DiffusionConfig.DEFAULT, all);
  }

  private static final String[] UNFREEZING = {
    "progressive.stages=3",
    "progressive.schedule=manual",
    "progressive.identifiers=true",
    "progressive.search.samples=8",
    "progressive.search.steps=1"
  };

  private static DiffusionConfig unfreezing(String... overrides) throws InputException {
    List<String> all = new ArrayList<>(List.of(UNFREEZING));
    all.addAll(List.of(overrides));
    return config(all.toArray(String[]::new));
  }

  private static DiffusionSummary train(DiffusionConfig config, Path directory)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      return DiffusionTrainer.of(session, config).on(IMAGES).into(directory).train();
    }
  }

  private static DiffusionSummary until(
      long steps, boolean resume, DiffusionConfig config, Path run)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      DiffusionTrainer[] trainer = new DiffusionTrainer[1];
      trainer[0] =
          DiffusionTrainer.of(session, config)
              .on(IMAGES)
              .into(run)
              .heardBy(
                  new DiffusionListener() {
                    @Override
                    public void stepped(
                        UnfreezingSchedule.Stage stage, long step, double loss, double speed) {
                      if (step + 1 >= steps) {
                        trainer[0].requestStop();
                      }
                    }
                  });
      if (steps == 0) {
        trainer[0].requestStop();
      }
      return resume ? trainer[0].resume() : trainer[0].train();
    }
  }

  @Test
  void itLearnsAndLeavesTheAveragedWeightsBehind() throws Exception {
    DiffusionConfig config = config("training.steps=120", "validation.every=40");
    DiffusionSummary summary = train(config, directory.resolve("run"));
    assertThat(summary.complete()).isTrue();
    List<JsonNode> errors =
        lines(directory.resolve("run")).stream()
            .filter(line -> line.get("event").asText().equals("eval"))
            .toList();
    assertThat(errors)
        .extracting(line -> line.get("step").asLong())
        .containsExactly(40L, 80L, 120L);
    double first = errors.get(0).get("validation_mse").asDouble();
    assertThat(first).isLessThan(1); // what predicting nothing has
    assertThat(summary.error()).isLessThan(0.9 * first);
    try (SafetensorsReader weights =
        SafetensorsReader.open(directory.resolve("run/weights.safetensors"))) {
      assertThat(weights.tensors()).containsKey("blocks.3.adaLN_modulation.1.weight");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 13, 20})
  void aUNetsRunThatWasStoppedReachesTheSameBits(long stopAfter) throws Exception {
    DiffusionConfig config =
        unfreezing(
            "model.kind=unet",
            "model.unet={channels: 8, multipliers: [1, 2], attention: [1], blocks: 1, heads: 2, groups: 4}",
            "progressive.pattern=contiguous_tail");
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    DiffusionSummary summary = train(config, whole);
    assertThat(summary.stages()).extracting(DiffusionStageReport::level).containsExactly(2, 3, 4);
    assertThat(until(stopAfter, false, config, broken).complete()).isFalse();
    assertThat(until(Long.MAX_VALUE, true, config, broken).complete()).isTrue();
    assertSameCheckpoint(whole, broken);
    try (Session session = Session.open(Backend.named(config.backend()));
        ImageSampler sampler = ImageSampler.ofRun(session, whole)) {
      assertThat(
              sampler.sample(
                  new int[] {0, 1},
                  new ImageSampler.Settings(3, true, 2, -1, 12, 8),
                  1,
                  () -> false))
          .isPresent();
    }
  }

  /** In every stage, at their ends and beginnings, before and behind validations. */
  @ParameterizedTest
  @CsvSource({"1,false", "7,false", "8,true", "9,false", "16,true", "20,false"})
  void aRunThatWasStoppedReachesTheSameBits(long stopAfter, boolean learned) throws Exception {
    DiffusionConfig config = unfreezing("noise.learned_variance=" + learned);
    Path whole = directory.resolve("whole");
    Path broken = directory.resolve("broken");
    train(config, whole);
    assertThat(until(stopAfter, false, config, broken).complete()).isFalse();
    assertThat(until(Long.MAX_VALUE, true, config, broken).complete()).isTrue();
    assertSameCheckpoint(whole, broken);
    assertThat(losses(broken)).isEqualTo(losses(whole));
    assertThat(events(broken)).isEqualTo(events(whole));
  }

  @ParameterizedTest
  @CsvSource({
    "interleaved,blocks\\.[23]\\..*|pos_embed",
    "contiguous_tail,blocks\\.[01]\\..*|x_embedder.*|pos_embed"
  })
  void frozenBlocksStayWhatTheyAreAndTheLastStageTrainsAll(String pattern, String frozen)
      throws Exception {
    DiffusionConfig config = unfreezing("progressive.pattern=" + pattern);
    Path fresh = directory.resolve("fresh");
    Path run = directory.resolve("run");
    until(0, false, config, fresh);
    until(8, false, config, run); // the first stage: level 2 of 4
    Set<String> same = unchanged(fresh, run);
    assertThat(same).allMatch(name -> name.matches(frozen));
    assertThat(same).anyMatch(name -> name.startsWith("blocks."));
    try (SafetensorsReader state = Checkpoint.newestOf(run).openState()) {
      assertThat(state.tensors().keySet())
          .anyMatch(name -> name.startsWith("second_moment.blocks."))
          .noneMatch(name -> name.matches("(first|second)_moment\\.(" + frozen + ")"));
    }

    DiffusionSummary summary = until(Long.MAX_VALUE, true, config, run);
    assertThat(summary.stages()).extracting(DiffusionStageReport::level).containsExactly(2, 3, 4);
    assertThat(summary.stages().get(2).trainable())
        .isGreaterThan(summary.stages().get(0).trainable());
    assertThat(unchanged(fresh, run)).containsExactly("pos_embed");
  }

  /** The names of the weights that are the same in the newest checkpoints of two runs. */
  private static Set<String> unchanged(Path first, Path second) throws Exception {
    Set<String> same = new TreeSet<>();
    try (SafetensorsReader before = Checkpoint.newestOf(first).openModel();
        SafetensorsReader now = Checkpoint.newestOf(second).openModel()) {
      for (String name : before.tensors().keySet()) {
        if (Arrays.equals(before.readFloats(name), now.readFloats(name))) {
          same.add(name);
        }
      }
    }
    return same;
  }

  @Test
  void aSearchFindsWhatAllStagesButTheLastTrain() throws Exception {
    Path run = directory.resolve("run");
    DiffusionSummary summary = train(unfreezing("progressive.schedule=search"), run);
    assertThat(summary.searchSeconds()).isPositive();
    List<JsonNode> searches =
        lines(run).stream().filter(l -> l.get("event").asText().equals("search")).toList();
    assertThat(searches).extracting(l -> l.get("stage").asInt()).containsExactly(0, 1);
    for (JsonNode search : searches) {
      DiffusionStageReport stage = summary.stages().get(search.get("stage").asInt());
      assertThat(search.get("winner").get("resolution").asInt()).isEqualTo(stage.resolution());
      assertThat(search.get("winner").get("level").asInt()).isEqualTo(stage.level());
      assertThat(search.get("candidates").size()).isGreaterThan(1);
      for (JsonNode entry : search.get("candidates")) {
        assertThat(entry.get("measures").get("step_seconds").asDouble()).isPositive();
        assertThat(entry.get("measures").get("zico").isNumber()).isTrue();
      }
    }
    assertThat(summary.stages().get(2).level()).isEqualTo(4);
  }

  @Test
  void fineTuningBeginsWithTheWeightsOfARunAndAddsIdentifiers() throws Exception {
    Path pretrained = directory.resolve("pretrained");
    DiffusionSummary before = train(config("data.classes=[0, 1]"), pretrained);
    DiffusionConfig config =
        unfreezing("model.weights=" + pretrained, "data.classes=[0, 1]", "training.steps=3");
    DiffusionSummary after = train(config, directory.resolve("tuned"));
    assertThat(after.error()).isLessThan(1.05 * before.error());
    assertThatThrownBy(
            () ->
                train(
                    config("model.weights=" + pretrained, "model.dit.width=32"),
                    directory.resolve("wrong")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("x_embedder.proj.weight is (16, 1, 3, 3), expected (32, 1, 3, 3)");
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> train(config("data.classes=[77]"), directory.resolve("a")))
        .hasMessageContaining("class 77");
    assertThatThrownBy(() -> train(config("training.batch=97"), directory.resolve("b")))
        .hasMessageContaining("only 96 to train on");
    assertThatThrownBy(
            () ->
                train(
                    config(
                        "progressive.schedule=given",
                        "progressive.given=[{steps: 5, resolution: 12, level: 4}]"),
                    directory.resolve("c")))
        .hasMessageContaining("progressive.given lasts 5 steps and ends at 12 px, expected 24 and");
    assertThatThrownBy(() -> config("training.steps=2", "progressive.stages=3"))
        .hasMessageContaining("at most one per step");
    assertThatThrownBy(() -> config("noise.prediction=velocity", "noise.learned_variance=true"))
        .hasMessageContaining("prediction is velocity; expected epsilon where the variance is");
  }

  /** The identifier that samples and validation ask for is one that was trained. */
  @Test
  void aScheduleOfOneStageHasOneIdentifier() throws Exception {
    DiffusionConfig config = unfreezing("progressive.schedule=full", "training.steps=3");
    assertThat(DiffusionPlan.of(config, IMAGES.train()).model().stages()).isEqualTo(1);
    assertThat(DiffusionPlan.of(unfreezing(), IMAGES.train()).model().stages()).isEqualTo(3);
  }
}
