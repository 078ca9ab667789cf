package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.autograd.Tape;
import dev.autoprog.backend.RepeatedCalls;
import dev.autoprog.backend.Session;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.diffusion.DdimSampler;
import dev.autoprog.diffusion.DdpmSampler;
import dev.autoprog.diffusion.Denoiser;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.Guidance;
import dev.autoprog.diffusion.Sampler;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.io.WeightFile;
import dev.autoprog.io.WeightFile.Need;
import dev.autoprog.model.Conditions;
import dev.autoprog.model.DenoisingConfig;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.RunDirectory;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Draws images, or latents, from a trained diffusion model. */
public final class ImageSampler implements AutoCloseable {
  private final Session session;
  private final DenoisingNetwork network;
  private final DiffusionProcess process;
  private final int resolution;
  private final Optional<LatentSpace> latents;
  private final RepeatedCalls calls; // of the network's answers

  /**
   * A sampler around {@code network}, which it owns from now on.
   *
   * @param resolution at which it was trained
   * @param latents what it was trained on; nothing for images
   */
  public ImageSampler(
      Session session,
      DenoisingNetwork network,
      DiffusionProcess process,
      int resolution,
      Optional<LatentSpace> latents) {
    this.session = session;
    this.network = network;
    this.process = process;
    this.resolution = resolution;
    this.latents = latents;
    this.calls = new RepeatedCalls(session);
  }

  /**
   * A sampler of a finished run's averaged weights.
   *
   * @throws InputException if the run is not finished, or its weights are of another network
   */
  public static ImageSampler ofRun(Session session, Path run) throws InputException {
    DiffusionConfig config = DiffusionTrainer.configOf(run);
    Class<? extends DenoisingConfig> kind =
        config.model().kind() == DiffusionConfig.Kind.DIT ? DitConfig.class : UNetConfig.class;
    DenoisingConfig model = RunDirectory.fact(Checkpoint.newestOf(run), "model", kind);
    DenoisingNetwork network = model.create(session, config.precision().in(session), config.seed());
    try {
      Path weights = DiffusionTrainer.weightsIn(run);
      WeightFile.read(
          weights, network.parameters(), network.parameters().values(), name -> Need.REQUIRED);
      return new ImageSampler(
          session,
          network,
          DiffusionPlan.process(config.noise()),
          model.resolution(),
          latentsOf(weights));
    } catch (InputException | RuntimeException e) {
      network.close();
      throw e;
    }
  }

  private static Optional<LatentSpace> latentsOf(Path weights) throws InputException {
    try (SafetensorsReader reader = SafetensorsReader.open(weights)) {
      return LatentSpace.of(weights.toString(), reader.metadata());
    }
  }

  /** What it draws, where that is not images. */
  public Optional<LatentSpace> latents() {
    return latents;
  }

  /** The network. */
  public DenoisingNetwork network() {
    return network;
  }

  /** At which resolution it was trained. */
  public int resolution() {
    return resolution;
  }

  /**
   * How images are drawn.
   *
   * @param steps of the process that are gone
   * @param deterministic by DDIM, which needs few steps; else by DDPM
   * @param guidance w of classifier-free guidance; 1 for none
   * @param stage whose identifier they bear; −1 for the last one's
   * @param resolution R, in pixels
   * @param batch images at a time
   */
  public record Settings(
      int steps, boolean deterministic, double guidance, int stage, int resolution, int batch) {
    /** Checks the ranges that do not depend on the model. */
    public Settings {
      if (steps < 1 || batch < 1 || !Double.isFinite(guidance)) {
        throw new IllegalArgumentException(
            "%d steps, %d images at a time, guidance %s; expected at least 1, 1, a number"
                .formatted(steps, batch, guidance));
      }
    }
  }

  /**
   * Draws images. Image i of a seed is the same in every batch, as far as the network computes it
   * the same.
   *
   * @param labels the class of each; the number of classes for none
   * @param interrupted asked before each step
   * @return (labels, channels, R, R): images, mostly in [−1, 1], or latents as their encoder gives
   *     them; nothing if it was interrupted
   * @throws InputException if the model has no such class, stage or number of steps, cannot read
   *     the resolution, or no array holds the images
   */
  public Optional<float[]> sample(
      int[] labels, Settings settings, long seed, BooleanSupplier interrupted)
      throws InputException {
    check(labels, settings);
    int side = settings.resolution();
    int size = network.channels() * side * side;
    float[] images = new float[labels.length * size];
    DiffusionProcess respaced = process.respaced(settings.steps());
    Sampler sampler =
        settings.deterministic()
            ? new DdimSampler(respaced, 0, latents.isEmpty())
            : new DdpmSampler(respaced, latents.isEmpty());
    for (int first = 0; first < labels.length; first += settings.batch()) {
      int[] own =
          Arrays.copyOfRange(labels, first, Math.min(labels.length, first + settings.batch()));
      Tensor x =
          session.allocate(DType.FLOAT32, Shape.of(own.length, network.channels(), side, side));
      try {
        if (!sampler.sample(session, denoiser(own, settings), x, seed, first, interrupted)) {
          return Optional.empty();
        }
        System.arraycopy(x.toFloats(), 0, images, first * size, own.length * size);
      } finally {
        session.free(x);
      }
    }
    if (latents.isPresent()) {
      for (int i = 0; i < images.length; i++) {
        images[i] /= latents.get().scale();
      }
    }
    return Optional.of(images);
  }

  private void check(int[] labels, Settings settings) throws InputException {
    for (int label : labels) {
      if (label < 0 || label > network.classes()) {
        throw new InputException(
            "classes",
            "class " + label,
            "0 to " + (network.classes() - 1),
            "Name classes that the model was trained on");
      }
    }
    if (settings.stage() < -1 || settings.stage() >= Math.max(1, network.stages())) {
      throw new InputException(
          "stage",
          "stage identifier " + settings.stage(),
          network.stages() == 0
              ? "none: this model has no stage identifiers"
              : "0 to " + (network.stages() - 1),
          "Leave it out for the last stage's");
    }
    if (settings.steps() > process.schedule().steps()) {
      throw new InputException(
          "steps",
          settings.steps() + " steps",
          "at most the process's " + process.schedule().steps(),
          "Ask for fewer steps");
    }
    if (settings.resolution() % network.resolutionStep() != 0 || settings.resolution() < 1) {
      throw new InputException(
          "resolution",
          settings.resolution() + " px",
          "a multiple of " + network.resolutionStep(),
          "Ask for another resolution");
    }
    double numbers = (double) network.channels() * settings.resolution() * settings.resolution();
    if (labels.length * numbers > Integer.MAX_VALUE) {
      throw new InputException(
          "images",
          "%d of %d×%d×%d numbers each"
              .formatted(
                  labels.length, network.channels(), settings.resolution(), settings.resolution()),
          "at most %d, which an array holds".formatted((long) (Integer.MAX_VALUE / numbers)),
          "Draw the others in another call, by another seed");
    }
  }

  private Denoiser denoiser(int[] labels, Settings settings) {
    int[] none = new int[labels.length];
    Arrays.fill(none, network.classes());
    return Guidance.of(
        session,
        conditioned(labels, settings.stage()),
        conditioned(none, settings.stage()),
        settings.guidance());
  }

  private Denoiser conditioned(int[] labels, int stage) {
    int[] stages = null;
    if (network.stages() > 0) {
      stages = new int[labels.length];
      Arrays.fill(stages, stage < 0 ? network.stages() - 1 : stage);
    }
    int[] identifiers = stages;
    return (x, timestep, out) -> {
      session.arena().reset();
      float[] timesteps = new float[labels.length];
      Arrays.fill(timesteps, timestep);
      Conditions conditions =
          new Conditions(timesteps, network.classes() == 0 ? null : labels, identifiers, null)
              .on(session);
      calls.run(
          List.of(x.address(), x.shape(), out.address()),
          () ->
              session
                  .kernels()
                  .convert(network.forward(Tape.inference(session), x, conditions).value(), out));
    };
  }

  @Override
  public void close() {
    calls.close();
    session.arena().close();
    network.close();
  }
}
