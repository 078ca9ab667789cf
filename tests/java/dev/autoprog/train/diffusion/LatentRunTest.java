package dev.autoprog.train.diffusion;

import static dev.autoprog.train.RunFiles.assertSameCheckpoint;
import static dev.autoprog.train.RunFiles.losses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.latent.BlockCodec;
import dev.autoprog.data.latent.LatentEncoder;
import dev.autoprog.data.latent.LatentSplit;
import dev.autoprog.data.latent.LatentWriter;
import dev.autoprog.io.Disk;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.testing.Candidate;
import dev.autoprog.train.TinyImages;
import dev.autoprog.train.TrainingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A DiT of width 16 on latents of sides 4 to 12, three stages of 4 steps. */
class LatentRunTest {
  @TempDir static Path latents;
  @TempDir Path directory;

  @BeforeAll
  static void encode() throws Exception {
    new LatentWriter(new BlockCodec(), List.of(4, 8, 12))
        .mirrored(true)
        .shardsOf(40)
        .write(TinyImages.split(96, 32), latents);
  }

  private static DiffusionConfig config(String... overrides) throws InputException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "backend=" + Candidate.nameOr("auto"),
                "precision=fp32",
                "data.source=latents:" + latents,
                "training.steps=12",
                "training.batch=16",
                "model.dit.patch=2",
                "model.dit.width=16",
                "model.dit.depth=4",
                "model.dit.heads=2",
                "noise.steps=100",
                "noise.learned_variance=true",
                "validation.every=6",
                "validation.images=32",
                "optimizer.warmup_steps=2",
                "optimizer.average_decay=0.9",
                "progressive.stages=3",
                "progressive.schedule=manual",
                "progressive.resolution_scale=0.333",
                "progressive.identifiers=true",
                "progressive.search.samples=8",
                "progressive.search.steps=1"));
    all.addAll(List.of(overrides));
    return ConfigFile.override(DiffusionConfig.DEFAULT, all);
  }

  private static DiffusionSummary train(DiffusionConfig config, Path run, long stopAfter)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      DiffusionTrainer[] trainer = new DiffusionTrainer[1];
      trainer[0] =
          DiffusionTrainer.of(session, config)
              .on(DiffusionData.open(config.data()))
              .into(run)
              .heardBy(
                  new DiffusionListener() {
                    @Override
                    public void stepped(
                        UnfreezingSchedule.Stage stage, long step, double loss, double speed) {
                      if (step + 1 == stopAfter) {
                        trainer[0].requestStop();
                      }
                    }
                  });
      return Files.exists(run) ? trainer[0].resume() : trainer[0].train();
    }
  }

  @Test
  void everyStageReadsTheLatentsOfItsSideAndAStoppedRunReachesTheSameBits() throws Exception {
    DiffusionConfig config = config();
    Path whole = directory.resolve("whole");
    DiffusionSummary summary = train(config, whole, -1);
    assertThat(summary.stages())
        .extracting(DiffusionStageReport::resolution)
        .containsExactly(4, 8, 12);
    assertThat(summary.error()).isBetween(0.0, 1.5);
    Path broken = directory.resolve("broken");
    assertThat(train(config, broken, 6).complete()).isFalse(); // in the midst of the second stage
    assertThat(train(config, broken, -1).complete()).isTrue();
    assertSameCheckpoint(whole, broken);
    assertThat(losses(broken)).isEqualTo(losses(whole));
  }

  @Test
  void aSearchJudgesCandidatesOnLatentsOfTheirSides() throws Exception {
    DiffusionSummary summary =
        train(config("progressive.schedule=search"), directory.resolve("run"), -1);
    assertThat(summary.searchSeconds()).isPositive();
    assertThat(summary.stages()).allMatch(stage -> List.of(4, 8, 12).contains(stage.resolution()));
  }

  /** Latents have no bounds as pixels have, and come out as the encoder would give them. */
  @Test
  void samplesAreLatentsAsTheirEncoderGivesThemAndNotClipped() throws Exception {
    Path run = directory.resolve("run");
    train(config("progressive.schedule=full", "progressive.stages=1"), run, -1);
    try (Session session = Session.open(Backend.named(Candidate.nameOr("auto")));
        ImageSampler sampler = ImageSampler.ofRun(session, run)) {
      assertThat(sampler.latents()).contains(LatentSplit.open(latents).space());
      ImageSampler.Settings settings = new ImageSampler.Settings(4, true, 1, -1, 12, 2);
      float[] drawn = sampler.sample(new int[] {0, 3, 1}, settings, 1, () -> false).orElseThrow();
      assertThat(drawn).hasSize(3 * 4 * 12 * 12);
      double most = 0;
      for (float value : drawn) {
        most = Math.max(most, Math.abs(value));
      }
      assertThat(most * BlockCodec.SCALE).isGreaterThan(1.5); // clipped it would be at most 1
    }
  }

  @Test
  void aRunDoesNotGoOnWithLatentsOfAnotherScale() throws Exception {
    Path own = directory.resolve("own");
    Path run = directory.resolve("run");
    DiffusionConfig config =
        config(
            "data.source=latents:" + own,
            "data.flip=0",
            "progressive.schedule=full",
            "progressive.stages=1");
    new LatentWriter(new BlockCodec(), List.of(12)).write(TinyImages.split(32, 16), own);
    assertThat(train(config, run, 3).complete()).isFalse();
    Disk.LOCAL.delete(own);
    LatentEncoder other =
        new BlockCodec() {
          @Override
          public float scale() {
            return 2 * SCALE;
          }
        };
    new LatentWriter(other, List.of(12)).write(TinyImages.split(32, 16), own);
    assertThatThrownBy(() -> train(config, run, -1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("other images or batches");
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeTraining() throws Exception {
    Path run = directory.resolve("run");
    DiffusionConfig sixes = config("model.dit.patch=1", "progressive.resolution_scale=0.5");
    assertThatThrownBy(() -> train(sixes, run, -1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "latents of side [4, 8, 12]; expected of side 6, which a stage reads");
    Path plain = directory.resolve("plain");
    new LatentWriter(new BlockCodec(), List.of(12)).write(TinyImages.split(32, 8), plain);
    String[] full = {
      "data.source=latents:" + plain, "progressive.schedule=full", "progressive.stages=1"
    };
    assertThatThrownBy(() -> train(config(full), run, -1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("data.flip: 0.5 with latents of images that were not mirrored");
    assertThatThrownBy(() -> train(config("data.source=latents:" + directory), run, -1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("nothing there");
    assertThat(run).doesNotExist();
    Path image = directory.resolve("image.safetensors");
    try (Session session = Session.open(Backend.named("cpu"))) {
      DiffusionTrainer.of(
              session,
              config(
                  "training.steps=1",
                  "progressive.schedule=full",
                  "progressive.stages=1",
                  "model.dit.patch=2"))
          .on(TinyImages.split(32, 8))
          .into(image)
          .train();
    }
    assertThatThrownBy(() -> train(config("model.weights=" + image), run, -1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("x_embedder.proj.weight is (16, 1, 2, 2), expected (16, 4, 2, 2)");
  }
}
