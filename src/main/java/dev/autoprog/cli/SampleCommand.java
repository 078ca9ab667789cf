package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.PngImages;
import dev.autoprog.data.latent.LatentDecoder;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code autoprog sample}. */
@Command(
    name = "sample",
    description =
        "Draws images from a trained diffusion model: a PNG grid with a row per class. Of a model of"
            + " latents it writes these, or what a decoder makes of them.",
    mixinStandardHelpOptions = true)
final class SampleCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "the directory of a finished run")
  private Path run;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "the grid's file (default: samples.png in the run's directory, or samples.safetensors)")
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
      names = "--decoder",
      paramLabel = "NAME",
      description = "makes images of latents; a service on the class path (AUTOPROG_CLASS_PATH)")
  private String decoder;

  @Mixin private SamplingOptions sampling;

  @Override
  public Integer call() throws InputException {
    sampling.check();
    if (count < 1) {
      throw new InputException("--count", Integer.toString(count), "at least 1", "Ask for more");
    }
    DiffusionConfig config = DiffusionTrainer.configOf(run);
    try (StopOnInterrupt interrupt = new StopOnInterrupt();
        Session session = sampling.open(config);
        ImageSampler sampler = ImageSampler.ofRun(session, run)) {
      SampleGrid grid =
          classes == null
              ? SampleGrid.of(config, sampler.network().classes(), count)
              : new SampleGrid(classes, count);
      boolean drawn =
          sampler.latents().isPresent()
              ? latents(grid, sampler, sampler.latents().get(), interrupt.noted())
              : images(grid, sampler, interrupt.noted());
      return drawn ? CommandLine.ExitCode.OK : TrainCommand.INTERRUPTED;
    }
  }

  /** False if it was interrupted. */
  private boolean images(SampleGrid grid, ImageSampler sampler, BooleanSupplier interrupted)
      throws InputException {
    if (decoder != null) {
      throw new InputException(
          "--decoder", decoder, "nothing: this model draws images", "Leave it out");
    }
    Optional<ImageBytes> drawn = sampling.draw(sampler, grid.labels(), interrupted);
    if (drawn.isPresent()) {
      write(grid, drawn.get());
    }
    return drawn.isPresent();
  }

  /** False if it was interrupted. */
  private boolean latents(
      SampleGrid grid, ImageSampler sampler, LatentSpace space, BooleanSupplier interrupted)
      throws InputException {
    if (decoder == null && each != null) {
      throw new InputException(
          "--each", "a folder for images", "--decoder beside it", "Name what decodes latents");
    }
    LatentDecoder images = decoder == null ? null : LatentDecoder.named(decoder);
    Optional<LatentSamples> drawn = sampling.drawLatents(sampler, grid.labels(), interrupted);
    if (drawn.isEmpty()) {
      return false;
    }
    if (images != null) {
      write(grid, drawn.get().decoded(images));
      return true;
    }
    Path file = out == null ? run.resolve("samples.safetensors") : out;
    drawn.get().write(file, space);
    PrintWriter terminal = spec.commandLine().getOut();
    terminal.printf(
        "Wrote %s of side %d, as %s gives them, to %s%n",
        Counted.of(grid.labels().length, "latent"),
        drawn.get().side(),
        space.encoder().isEmpty() ? "their encoder" : space.encoder(),
        file);
    terminal.flush();
    return true;
  }

  private void write(SampleGrid grid, ImageBytes images) throws InputException {
    Path file = out == null ? run.resolve("samples.png") : out;
    grid.write(file, images);
    PrintWriter terminal = spec.commandLine().getOut();
    terminal.printf(
        "Wrote %s of %d px to %s", Counted.of(images.count(), "image"), images.width(), file);
    if (each != null) {
      PngImages.writeEach(each, images);
      terminal.printf(" and, one by one, to %s", each);
    }
    terminal.println();
    terminal.flush();
  }
}
