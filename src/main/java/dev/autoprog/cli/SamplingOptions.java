package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.ImageSampler;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** How a command is told to draw images. */
final class SamplingOptions {
  /** Steps of the process that are gone where nothing else is asked for. */
  static final int STEPS = 50;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "" + STEPS,
      description = "sampling steps (default: ${DEFAULT-VALUE})")
  private int steps;

  @Option(names = "--ddpm", description = "sample by DDPM, which needs more steps than DDIM")
  private boolean ddpm;

  @Option(
      names = "--guidance",
      paramLabel = "W",
      defaultValue = "2",
      description = "classifier-free guidance; 1 for none (default: ${DEFAULT-VALUE})")
  private double guidance;

  @Option(
      names = "--stage",
      paramLabel = "N",
      defaultValue = "-1",
      description = "whose stage's identifier the images bear (default: the last one's)")
  private int stage;

  @Option(
      names = "--resolution",
      paramLabel = "R",
      description = "image side in pixels (default: the model's)")
  private Integer resolution;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "decides the noise (default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "64",
      description = "images at a time (default: ${DEFAULT-VALUE})")
  private int batch;

  @Option(names = "--backend", paramLabel = "NAME", description = "auto, cuda, cpu or reference")
  private String backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "threads; 0 for all processors")
  private int threads;

  /** As if nothing had been given. */
  static SamplingOptions defaults() {
    return CommandLine.populateCommand(new SamplingOptions());
  }

  /**
   * Checks what does not depend on the model.
   *
   * @throws InputException if no sampling can be told so
   */
  void check() throws InputException {
    requirePositive("--steps", steps);
    requirePositive("--batch", batch);
    if (!Float.isFinite((float) guidance)) {
      throw new InputException(
          "--guidance",
          Double.toString(guidance),
          "a number within the range of float32",
          "Ask for something like 2");
    }
    Machine.requireThreads(threads);
  }

  private static void requirePositive(String option, int value) throws InputException {
    if (value < 1) {
      throw new InputException(option, Integer.toString(value), "at least 1", "Ask for more");
    }
  }

  /** Opens a session as asked for, or as the run had it. */
  Session open(DiffusionConfig config) {
    return new Machine(backend == null ? config.backend() : backend, threads).open();
  }

  /**
   * Draws images.
   *
   * @param labels the class of each
   * @return nothing if it was interrupted
   * @throws InputException if the model draws latents, or not what is asked for, or no numbers
   */
  Optional<ImageBytes> draw(ImageSampler sampler, int[] labels, BooleanSupplier interrupted)
      throws InputException {
    if (sampler.latents().isPresent()) {
      throw SampleJudge.noPixels();
    }
    int side = side(sampler);
    return sample(sampler, labels, interrupted)
        .map(drawn -> ImageBytes.ofSigned(drawn, sampler.network().channels(), side, side));
  }

  /**
   * Draws latents.
   *
   * @param labels the class of each
   * @return nothing if it was interrupted
   * @throws InputException if the model does not draw what is asked for, or no numbers
   */
  Optional<LatentSamples> drawLatents(
      ImageSampler sampler, int[] labels, BooleanSupplier interrupted) throws InputException {
    return sample(sampler, labels, interrupted)
        .map(
            drawn -> new LatentSamples(drawn, labels, sampler.network().channels(), side(sampler)));
  }

  private int side(ImageSampler sampler) {
    return resolution == null ? sampler.resolution() : resolution;
  }

  private Optional<float[]> sample(ImageSampler sampler, int[] labels, BooleanSupplier interrupted)
      throws InputException {
    var settings = new ImageSampler.Settings(steps, !ddpm, guidance, stage, side(sampler), batch);
    Optional<float[]> drawn = sampler.sample(labels, settings, seed, interrupted);
    if (drawn.isPresent()) {
      requireFinite(drawn.get());
    }
    return drawn;
  }

  private static void requireFinite(float[] samples) throws InputException {
    for (float value : samples) {
      if (!Float.isFinite(value)) {
        throw new InputException(
            "samples",
            "values that are not finite",
            "numbers",
            "Ask for --guidance nearer to 1, or look whether the run's losses are finite");
      }
    }
  }
}
