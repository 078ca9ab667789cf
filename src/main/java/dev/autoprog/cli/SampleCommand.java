package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.PngImages;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
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

  @Mixin private SamplingOptions sampling;

  @Override
  public Integer call() throws InputException {
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
      Optional<ImageBytes> drawn = sampling.draw(sampler, grid.labels(), interrupt.noted());
      if (drawn.isEmpty()) {
        return TrainCommand.INTERRUPTED;
      }
      write(grid, drawn.get());
      return CommandLine.ExitCode.OK;
    }
  }

  private void write(SampleGrid grid, ImageBytes images) throws InputException {
    Path file = out == null ? run.resolve("samples.png") : out;
    grid.write(file, images);
    PrintWriter terminal = spec.commandLine().getOut();
    terminal.printf("%d images of %d px are in %s", images.count(), images.width(), file);
    if (each != null) {
      PngImages.writeEach(each, images);
      terminal.printf(" and, one by one, in %s", each);
    }
    terminal.println();
    terminal.flush();
  }
}
