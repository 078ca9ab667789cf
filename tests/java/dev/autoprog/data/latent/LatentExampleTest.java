package dev.autoprog.data.latent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.testing.ReadmeExample;
import dev.autoprog.train.TinyImages;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionData;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example of a latent model, run as it stands there. */
class LatentExampleTest {
  @TempDir Path directory;

  private static ImageBytes example(
      LatentEncoder encoder,
      LatentDecoder decoder,
      DataSplit images,
      DiffusionConfig config,
      Path path,
      Path run)
      throws Exception {
    // README latents: begin
    new LatentWriter(encoder, List.of(8, 16)).mirrored(true).write(images, path); // once
    try (Session session = Session.open(Backend.auto())) {
      DiffusionTrainer.of(session, config)
          .on(DiffusionData.of(LatentSplit.open(path)))
          .into(run)
          .train();
      try (ImageSampler sampler = ImageSampler.ofRun(session, run)) {
        int[] labels = {0, 1, 2};
        var settings = new ImageSampler.Settings(10, true, 2, -1, 16, 64);
        float[] latents = sampler.sample(labels, settings, 1, () -> false).orElseThrow();
        return decoder.decode(latents, labels.length, 16);
      }
    }
    // README latents: end
  }

  @Test
  void theExampleTrainsAndDraws() throws Exception {
    DiffusionConfig config =
        ConfigFile.override(
            DiffusionConfig.DEFAULT,
            List.of(
                "training.steps=4",
                "training.batch=8",
                "model.dit.width=16",
                "model.dit.depth=2",
                "model.dit.heads=2",
                "noise.steps=50",
                "validation.images=8",
                "progressive.stages=2",
                "progressive.schedule=manual"));
    BlockCodec codec = new BlockCodec();
    ImageBytes drawn =
        example(
            codec,
            codec,
            TinyImages.split(24, 8),
            config,
            directory.resolve("latents"),
            directory.resolve("run"));
    assertThat(drawn.count()).isEqualTo(3);
    assertThat(drawn.width()).isEqualTo(32);
  }

  @Test
  void theReadmeShowsThisCode() throws Exception {
    ReadmeExample.assertShown(LatentExampleTest.class, "README latents");
  }
}
