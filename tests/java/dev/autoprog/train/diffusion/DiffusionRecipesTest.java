package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.latent.BlockCodec;
import dev.autoprog.data.latent.LatentWriter;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.io.SafetensorsWriter;
import dev.autoprog.model.DiffusionTransformer;
import dev.autoprog.model.DitConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.testing.Candidate;
import dev.autoprog.train.TinyImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DiffusionRecipesTest {
  private static final Path DIT_XL = Path.of("recipes/diffusion/dit-xl-2-finetune.yaml");

  @TempDir static Path latents;
  @TempDir Path directory;

  /** 300 latents of four channels, of the sides that DiT-XL/2's recipe asks for. */
  @BeforeAll
  static void encode() throws Exception {
    new LatentWriter(new BlockCodec(), List.of(8, 16, 24, 32))
        .mirrored(true)
        .write(TinyImages.split(300, 16), latents);
  }

  static List<Path> recipes() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("recipes", "diffusion"))) {
      return files.sorted().toList();
    }
  }

  private static DiffusionConfig read(Path recipe, String... overrides) throws Exception {
    DiffusionConfig config = ConfigFile.read(recipe, DiffusionConfig.DEFAULT);
    String source =
        DataSources.isLatents(config.data().source()) ? "latents:" + latents : "builtin";
    DiffusionConfig here = ConfigFile.override(config, List.of("data.source=" + source));
    return ConfigFile.override(here, List.of(overrides));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void itIsReadAndItsNetworkAndScheduleCanBeBuilt(Path recipe) throws Exception {
    DiffusionConfig config = read(recipe);
    DiffusionPlan plan = DiffusionPlan.of(config, DiffusionData.open(config.data()).train());
    assertThat(plan.schedule().steps()).isEqualTo(config.training().steps());
    assertThat(plan.schedule().stages()).hasSize(config.progressive().stages());
    if (config.progressive().schedule() == DiffusionConfig.ScheduleChoice.SEARCH) {
      assertThat(config.model().weights()).isNotEmpty();
      assertThat(plan.space(plan.schedule().stages().get(0), null).candidates())
          .hasSizeGreaterThan(1);
    }
  }

  /** The network is that of the published weights, and everything else as in the paper. */
  @Test
  void ditXlsRecipeIsThePapersSetting() throws Exception {
    DiffusionConfig config = read(DIT_XL);
    DiffusionPlan plan = DiffusionPlan.of(config, DiffusionData.open(config.data()).train());
    assertThat(plan.model()).isEqualTo(DitConfig.extraLarge(2).withClasses(4).withStages(4));
    assertThat(plan.schedule().stages())
        .extracting(stage -> stage.unfreezing().resolution())
        .containsExactly(8, 16, 24, 32);
    assertThat(plan.schedule().stages())
        .extracting(UnfreezingSchedule.Stage::steps)
        .containsOnly(60_000L);
    assertThat(plan.process().variance()).isEqualTo(Variance.LEARNED_RANGE);
    assertThat(plan.process().schedule().steps()).isEqualTo(1000);
    for (long step : new long[] {0, 1, 120_000, 239_999}) {
      assertThat(plan.learningRate(config.optimizer()).at(step)).isEqualTo(1e-4);
    }
    assertThat(config.optimizer().weightDecay()).isZero();
    assertThat(config.training().batch()).isEqualTo(256);
  }

  /** With a DiT that is small, and weights of the names and the classes of the published ones. */
  @Test
  void ditXlsRecipeGoesThroughItsStagesAndSearches() throws Exception {
    Path weights = directory.resolve("dit.safetensors");
    DitConfig small = new DitConfig(32, 2, 4, 1000, 16, 4, 2, 4, true, 0);
    DiffusionConfig config =
        read(
            DIT_XL,
            "backend=" + Candidate.nameOr("auto"),
            "model.weights=" + weights,
            "model.dit.width=16",
            "model.dit.depth=4",
            "model.dit.heads=2",
            "training.steps=8",
            "training.batch=8",
            "progressive.search.samples=4",
            "progressive.search.steps=1",
            "validation.every=8",
            "validation.images=8");
    Path run = directory.resolve("run");
    try (Session session = Session.open(Backend.named(config.backend()))) {
      try (DiffusionTransformer published =
          DiffusionTransformer.create(session, small, Precision.FP32, 7)) {
        SafetensorsWriter.write(
            weights,
            published.parameters().placesIn(published.parameters().values()),
            Map.of("format", "pt"));
      }
      DiffusionSummary summary =
          DiffusionTrainer.of(session, config)
              .on(DiffusionData.open(config.data()))
              .into(run)
              .train();
      assertThat(summary.complete()).isTrue();
      assertThat(summary.stages()).extracting(DiffusionStageReport::steps).containsOnly(2L);
      assertThat(summary.stages().get(3).resolution()).isEqualTo(32);
      assertThat(summary.stages().get(3).level()).isEqualTo(4);
      assertThat(summary.stages().get(0).trainable())
          .isLessThan(summary.stages().get(3).trainable());
      assertThat(summary.searchSeconds()).isPositive();
      assertThat(summary.error()).isPositive().isFinite();
    }
  }
}
