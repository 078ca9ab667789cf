package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.PngImages;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code autoprog sample}. */
@Command(
    name = "sample",
    description = "Draws images from a trained diffusion model: a PNG grid with a row per class.",
    mixinStandardHelpOptions = true)
final class SampleCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "the directory of a finished run")
  private Path run;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "the grid's file (default: samples.png in the run's directory)")
  private Path out;

  @Option(
      names = "--each",
      paramLabel = "DIR",
      description = "write every image into a file of its own here, too")
  private Path each;

  @Option(
      names = "--classes",
      split = ",",
      paramLabel = "N",
      description = "classes by number (default: those that the run trained)")
  private List<Integer> classes;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "8",
      description = "images of each class (default: ${DEFAULT-VALUE})")
  private int count;

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

  @Override
  public Integer call() throws InputException {
    if (count < 1) {
      throw new InputException("--count", Integer.toString(count), "at least 1", "Ask for more");
    }
    DiffusionConfig config = DiffusionTrainer.configOf(run);
    Backend chosen = Backend.named(backend == null ? config.backend() : backend);
    int team = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread main = Thread.currentThread();
    Thread hook = new Thread(() -> finish(interrupted, main), "stop-sampling");
    Runtime.getRuntime().addShutdownHook(hook);
    try (Session session = Session.open(chosen, team);
        ImageSampler sampler = ImageSampler.ofRun(session, run)) {
      int[] labels = labels(config, sampler.network().classes());
      Optional<float[]> drawn = sampler.sample(labels, settings(sampler), seed, interrupted::get);
      if (drawn.isEmpty()) {
        return TrainCommand.INTERRUPTED;
      }
      write(session, sampler, labels.length, drawn.get());
      return CommandLine.ExitCode.OK;
    } finally {
      forget(hook);
    }
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

  private ImageSampler.Settings settings(ImageSampler sampler) {
    int side = resolution == null ? sampler.resolution() : resolution;
    return new ImageSampler.Settings(steps, !ddpm, guidance, stage, side, batch);
  }

  /** A row per class. */
  private int[] labels(DiffusionConfig config, int known) {
    List<Integer> rows = classes;
    if (rows == null) {
      rows = config.data().classes();
    }
    if (rows.isEmpty()) {
      rows = IntStream.range(0, known).boxed().toList();
    }
    return rows.stream()
        .flatMapToInt(label -> IntStream.generate(() -> label).limit(count))
        .toArray();
  }

  private void write(Session session, ImageSampler sampler, int images, float[] drawn)
      throws InputException {
    int channels = sampler.network().channels();
    int side = (int) Math.round(Math.sqrt((double) drawn.length / images / channels));
    ImageBytes bytes =
        ImageBytes.ofSigned(
            session.allocate(DType.FLOAT32, Shape.of(images, channels, side, side)).set(drawn));
    Path grid = out == null ? run.resolve("samples.png") : out;
    PngImages.writeGrid(grid, bytes, count);
    PrintWriter terminal = spec.commandLine().getOut();
    terminal.printf("%d images of %d px are in %s", images, side, grid);
    if (each != null) {
      PngImages.writeEach(each, bytes);
      terminal.printf(" and, one by one, in %s", each);
    }
    terminal.println();
    terminal.flush();
  }
}
