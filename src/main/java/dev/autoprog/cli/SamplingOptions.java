package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.ImageSampler;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Option;

/** How a command is told to draw images. */
final class SamplingOptions {
  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "50",
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

  /** Opens a session as asked for, or as the run had it. */
  Session open(DiffusionConfig config) {
    int team = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    return Session.open(Backend.named(backend == null ? config.backend() : backend), team);
  }

  /**
   * Draws images; Ctrl-C ends it.
   *
   * @return nothing if it was interrupted
   */
  Optional<float[]> draw(ImageSampler sampler, int[] labels) throws InputException {
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread main = Thread.currentThread();
    Thread hook = new Thread(() -> finish(interrupted, main), "stop-sampling");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return sampler.sample(labels, settings(sampler), seed, interrupted::get);
    } finally {
      forget(hook);
    }
  }

  /** The side of the images that {@link #draw} gives. */
  int side(ImageSampler sampler) {
    return resolution == null ? sampler.resolution() : resolution;
  }

  private ImageSampler.Settings settings(ImageSampler sampler) {
    return new ImageSampler.Settings(steps, !ddpm, guidance, stage, side(sampler), batch);
  }

  private static void finish(AtomicBoolean interrupted, Thread main) {
    interrupted.set(true);
    try {
      main.join(); // native memory is given back before the process ends
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the process is ending already
    }
  }
}
