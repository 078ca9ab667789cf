package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.config.ConfigFile;
import dev.autoprog.train.RunConfig;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pre-training, fine-tuning and sampling of a very small DiT on the embedded images. */
class DiffusionCommandsTest {
  @TempDir Path directory;

  private static Commands.Outcome train(String command, String... more) {
    return run(
        Stream.concat(
                Stream.of(
                    command,
                    "--steps=8",
                    "--batch=8",
                    "--set=model.dit.patch=7",
                    "--set=model.dit.width=16",
                    "--set=model.dit.depth=2",
                    "--set=model.dit.heads=1",
                    "--set=noise.steps=50",
                    "--set=validation.every=4",
                    "--set=validation.images=16",
                    "--set=precision=fp32"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void fromFreshWeightsToAGridOfSamples() throws Exception {
    Path first = directory.resolve("pre trained");
    Commands.Outcome pretrained =
        train("pretrain-diffusion", "--run=" + first, "--set=data.classes=[0, 1]");
    assertThat(pretrained.err()).isEmpty();
    assertThat(pretrained.code()).isZero();
    assertThat(pretrained.out())
        .contains("of which classes [0, 1] are used")
        .containsPattern("(?m)^step +4 +stage 1 +28 px, level 4 +loss .* validation ")
        .containsPattern("(?m)^ +1 +28 px +4 ")
        .contains("./autoprog sample '" + first + "'");

    Path second = directory.resolve("tuned");
    Commands.Outcome tuned =
        train(
            "finetune",
            "--from=" + first,
            "--run=" + second,
            "--set=data.classes=[3]",
            "--set=data.per_class=20",
            "--set=progressive.stages=3",
            "--set=progressive.schedule=search",
            "--set=progressive.identifiers=true",
            "--set=progressive.search.samples=4");
    assertThat(tuned.err()).isEmpty();
    assertThat(tuned.code()).isZero();
    assertThat(tuned.out())
        .contains("of which classes [3], the first 20 of each class, are used")
        .containsPattern("(?m)^Weights of .*; new: s_embedder.embedding_table.weight$")
        .doesNotContain("pos_embed", "Not used")
        .containsPattern("(?m)^Stage 1$")
        .contains("has the least vote")
        .contains("times as long".replace("times", "×"));

    Path each = directory.resolve("each");
    Commands.Outcome sampled =
        run(
            "sample",
            second.toString(),
            "--count=3",
            "--classes=3,0",
            "--steps=4",
            "--stage=0",
            "--each=" + each);
    assertThat(sampled.err()).isEmpty();
    assertThat(sampled.code()).isZero();
    BufferedImage grid = ImageIO.read(second.resolve("samples.png").toFile());
    assertThat(grid.getWidth()).isEqualTo(3 * 28 + 2 * 2);
    assertThat(grid.getHeight()).isEqualTo(2 * 28 + 2);
    try (Stream<Path> files = Files.list(each)) {
      assertThat(files).hasSize(6);
    }
  }

  @Test
  void samplesAreJudgedByATrainedClassifier() {
    Path model = directory.resolve("model");
    Path classifier = directory.resolve("classifier");
    train("pretrain-diffusion", "--run=" + model, "--set=data.classes=[0, 1]");
    Commands.Outcome trained =
        run(
            "train",
            "--run=" + classifier,
            "--epochs=1",
            "--set=model.patch=14",
            "--set=model.width=16",
            "--set=model.depth=1",
            "--set=model.heads=1",
            "--set=progressive.stages=1");
    assertThat(trained.code()).isZero();
    assertThat(trained.out()) // the line of the only epoch and the table of the only stage
        .containsPattern("(?s)epoch +1/1 .* loss (\\d+\\.\\d{3}) .*\\n +1 +1 .* \\1 +[\\d.]+ %\\n");
    String extractor = "--extractor=run:" + classifier;
    Commands.Outcome judged = run("judge", model.toString(), extractor, "--count=20", "--steps=3");
    assertThat(judged.err()).isEmpty();
    assertThat(judged.code()).isZero();
    assertThat(judged.out())
        .contains("20 samples beside as many real images, seen by ViT of " + classifier)
        .containsPattern("(?m)^Fréchet distance +\\d+\\.\\d{3}$")
        .containsPattern("(?m)^class accuracy +[\\d.]+ % \\(real images: [\\d.]+ %\\)$");
    assertThat(run("judge", model.toString(), extractor, "--count=999999").err())
        .contains("999999 to compare");
    assertThat(run("judge", model.toString(), "--extractor=inception").err())
        .contains("run:DIR or resnet20:FILE");
  }

  /** The directory takes the corrected command. */
  @Test
  void weightsThatCannotBeReadLeaveNoRunBehind() {
    Path run = directory.resolve("tuned");
    Path pretrained = directory.resolve("pretrained");
    assertThat(train("finetune", "--from=" + directory.resolve("typo"), "--run=" + run).err())
        .contains("typo");
    assertThat(run).doesNotExist();
    assertThat(train("pretrain-diffusion", "--run=" + pretrained).code()).isZero();
    String wider = "--set=model.dit.width=32";
    assertThat(train("finetune", "--from=" + pretrained, "--run=" + run, wider).err())
        .contains("expected (32, ");
    assertThat(run).doesNotExist();
    assertThat(train("finetune", "--from=" + pretrained, "--run=" + run).code()).isZero();
  }

  @Test
  void aClassifiersRunOrRecipeIsToldFromADiffusionModels() throws Exception {
    Path run = Files.createDirectory(directory.resolve("classifier"));
    ConfigFile.write(run.resolve("config.yaml"), RunConfig.DEFAULT);
    assertThat(run("sample", run.toString()).err())
        .contains("config.yaml, line ", "the key 'regularization' of the configuration of a classi")
        .contains("expected that of a diffusion model", "train --resume")
        .doesNotContain("Remove the key");
    assertThat(run("train", "recipes/diffusion/fashion-mnist-finetune.yaml").err())
        .contains("the key 'noise' of the configuration of a diffusion model")
        .contains("expected that of a classifier", "finetune", "sample")
        .doesNotContain("Remove the key");
  }

  @Test
  void badCallsSaySo() {
    Commands.Outcome nothing = train("finetune");
    assertThat(nothing.code()).isNotZero();
    assertThat(nothing.err()).contains("no weights to begin with").contains("--from WEIGHTS");
    Commands.Outcome missing = run("sample", directory.resolve("none").toString());
    assertThat(missing.code()).isNotZero();
    assertThat(missing.err()).contains("none");
    Commands.Outcome both = train("finetune", "--resume=" + directory);
    assertThat(both.err()).contains("the run's directory alone");
  }
}
