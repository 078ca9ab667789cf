package dev.autoprog.cli;

import static dev.autoprog.cli.Commands.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.data.BuiltinDataset;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.latent.BlockCodec;
import dev.autoprog.data.latent.LatentShard;
import dev.autoprog.data.latent.LatentWriter;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A very small DiT on latents of some of the embedded images. */
class LatentCommandsTest {
  @TempDir static Path latents;
  @TempDir static Path shared;
  private static Path model;

  @BeforeAll
  static void trains() throws Exception {
    DataSplit all = BuiltinDataset.open();
    DataSplit images = new DataSplit("some", all.train().range(0, 200), all.test().range(0, 50));
    new LatentWriter(new BlockCodec(), List.of(14)).write(images, latents);
    model = shared.resolve("model");
    Commands.Outcome trained = pretrain("--run=" + model, "--set=data.flip=0");
    assertThat(trained.err()).isEmpty();
    assertThat(trained.code()).isZero();
    assertThat(trained.out()).contains("latents:" + latents + ": 200 latents to train, 50 to");
  }

  private static Commands.Outcome pretrain(String... more) {
    return run(
        Stream.concat(
                Stream.of(
                    "pretrain-diffusion",
                    "--data=latents:" + latents,
                    "--steps=3",
                    "--batch=8",
                    "--set=model.dit.patch=7",
                    "--set=model.dit.width=16",
                    "--set=model.dit.depth=1",
                    "--set=model.dit.heads=1",
                    "--set=noise.steps=50",
                    "--set=validation.images=16",
                    "--set=precision=fp32"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void withoutADecoderSamplesAreLatents() throws Exception {
    Commands.Outcome sampled =
        run("sample", model.toString(), "--classes=3,0", "--count=2", "--steps=3");
    assertThat(sampled.err()).isEmpty();
    assertThat(sampled.code()).isZero();
    Path file = model.resolve("samples.safetensors");
    assertThat(sampled.out())
        .contains("Wrote 4 latents of side 14, as blocks gives them, to " + file);
    LatentShard shard = LatentShard.open(file);
    assertThat(shard.labels()).containsExactly(3, 3, 0, 0);
    assertThat(shard.channels()).isEqualTo(4);
    assertThat(shard.space().scale()).isEqualTo(BlockCodec.SCALE);
    assertThat(shard.space().classNames()).contains("Trouser").hasSize(10);
  }

  @Test
  void aDecoderMakesImagesOfThem() throws Exception {
    Path grid = shared.resolve("grid.png");
    Path each = shared.resolve("each");
    Commands.Outcome sampled =
        run(
            "sample",
            model.toString(),
            "--classes=3,0",
            "--count=9",
            "--steps=3",
            "--decoder=blocks",
            "--out=" + grid,
            "--each=" + each);
    assertThat(sampled.err()).isEmpty();
    assertThat(sampled.out()).contains("Wrote 18 images of 28 px to " + grid);
    BufferedImage image = ImageIO.read(grid.toFile());
    assertThat(image.getWidth()).isEqualTo(9 * 28 + 8 * 2);
    try (Stream<Path> files = Files.list(each)) {
      assertThat(files).hasSize(18);
    }
  }

  @Test
  void whatNeedsPixelsSaysSo() {
    String needs = "a model of latents; expected one of images, whose pixels an extractor can";
    assertThat(run("judge", model.toString(), "--extractor=run:x", "--data=builtin").err())
        .contains(needs);
    assertThat(
            run(
                    "compare-finetune",
                    "--data=latents:" + latents,
                    "--from=" + model,
                    "--extractor=run:x",
                    "--set=progressive.stages=2",
                    "--out=" + shared.resolve("compared"))
                .err())
        .contains(needs);
    assertThat(run("train", "--data=latents:" + latents, "--run=" + shared.resolve("vit")).err())
        .contains("latents, which have no pixels; expected images: builtin, ");
    assertThat(run("sample", model.toString(), "--each=" + shared.resolve("x")).err())
        .contains("--each: a folder for images; expected --decoder beside it");
    assertThat(run("sample", model.toString(), "--decoder=vae").err())
        .contains("decoder: vae; expected one of [blocks]")
        .contains("AUTOPROG_CLASS_PATH");
    assertThat(pretrain("--run=" + shared.resolve("flipped")).err())
        .contains("data.flip: 0.5 with latents of images that were not mirrored");
  }

  @Test
  void howToSampleIsChecked() {
    whoseMessageIs("--steps=0", "--steps: 0; expected at least 1.");
    assertThat(run("sample", model.toString(), "--steps=51").err())
        .contains("51 steps; expected at most the process's 50");
    whoseMessageIs("--batch=0", "--batch: 0; expected at least 1.");
    whoseMessageIs("--batch=-3", "--batch: -3; expected at least 1.");
    for (String weight : List.of("NaN", "Infinity", "1e39", "-1e39")) {
      whoseMessageIs("--guidance=" + weight, "--guidance: ", "expected a number within the range");
    }
    for (String threads : List.of("-5", "1025", "2000")) {
      whoseMessageIs("--threads=" + threads, "--threads: " + threads + "; expected from 0 to 1024");
    }
  }

  private static void whoseMessageIs(String option, String... parts) {
    List<Commands.Outcome> outcomes =
        List.of(
            run("sample", model.toString(), option),
            run("judge", model.toString(), "--extractor=run:x", option));
    for (Commands.Outcome outcome : outcomes) {
      assertThat(outcome.code()).isNotZero();
      assertThat(outcome.err()).contains(parts).doesNotContain("\tat ");
    }
  }

  @Test
  void samplesThatAreNotFiniteAreNotWritten() throws Exception {
    Path diverged = shared.resolve("diverged");
    assertThat(pretrain("--run=" + diverged, "--set=data.flip=0").code()).isZero();
    makeNaN(DiffusionTrainer.weightsIn(diverged));
    for (String how : List.of("--seed=1", "--decoder=blocks")) {
      Commands.Outcome sampled = run("sample", diverged.toString(), "--steps=3", how);
      assertThat(sampled.code()).isNotZero();
      assertThat(sampled.err())
          .contains("samples: values that are not finite; expected numbers")
          .contains("--guidance")
          .doesNotContain("\tat ");
    }
    assertThat(diverged.resolve("samples.safetensors")).doesNotExist();
    assertThat(diverged.resolve("samples.png")).doesNotExist();
  }

  /** All numbers of a safetensors file, which come after the header and its size. */
  private static void makeNaN(Path weights) throws IOException {
    byte[] bytes = Files.readAllBytes(weights);
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.fill(bytes, Math.toIntExact(Long.BYTES + file.getLong()), bytes.length, (byte) -1);
    Files.write(weights, bytes);
  }

  @Test
  void aFolderOfLatentsIsReadAndSummedUp() throws Exception {
    Commands.Outcome checked = run("latents", latents.toString());
    assertThat(checked.err()).isEmpty();
    assertThat(checked.code()).isZero();
    assertThat(checked.out())
        .contains("4 channels, 10 classes, scale 0.2, by blocks")
        .containsPattern("(?m)^ +14 +200 +-0\\.\\d{3} +0\\.\\d{3}")
        .contains("Complete, intact and finite, with 50 to validate");
    assertThat(run("latents", shared.resolve("nowhere").toString()).err())
        .contains("nothing there");
  }
}
