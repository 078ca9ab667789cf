package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.metric.GenerationQuality;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code autoprog judge}. */
@Command(
    name = "judge",
    description =
        "Compares samples of a diffusion model with real images: Fréchet distance and class"
            + " accuracy in the eyes of an extractor.",
    mixinStandardHelpOptions = true)
final class JudgeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "the directory of a finished run")
  private Path run;

  @Option(
      names = "--extractor",
      required = true,
      paramLabel = "EXTRACTOR",
      description =
          "run:DIR, a ViT that train has trained on such images, or resnet20:FILE, CIFAR's ResNet-20")
  private String extractor;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "1000",
      description = "samples, of as many real test images (default: ${DEFAULT-VALUE})")
  private int count;

  @Option(
      names = "--data",
      paramLabel = "SOURCE",
      description = "the real images (default: those of the run)")
  private String data;

  @Mixin private SamplingOptions sampling;

  @Override
  public Integer call() throws InputException {
    sampling.check();
    DiffusionConfig config = DiffusionTrainer.configOf(run);
    SampleJudge.requirePixels(config);
    DataSplit images =
        DataSources.open(
            data == null ? config.data().source() : data,
            FolderOptions.ofSide(config.data().folderSide()));
    try (StopOnInterrupt interrupt = new StopOnInterrupt();
        Session session = sampling.open(config);
        SampleJudge judge =
            SampleJudge.open(session, extractor, SampleJudge.real(config, images), count);
        ImageSampler sampler = ImageSampler.ofRun(session, run)) {
      Optional<GenerationQuality> quality = judge.judge(sampler, sampling, interrupt.noted());
      quality.ifPresent(found -> print(found, judge.unclassified()));
      return quality.isPresent() ? CommandLine.ExitCode.OK : TrainCommand.INTERRUPTED;
    }
  }

  private void print(GenerationQuality quality, Optional<String> unclassified) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%,d samples beside as many real images, seen by %s%n",
        quality.images(), quality.extractor());
    out.printf("Fréchet distance  %.3f%n", quality.frechetDistance());
    out.printf(
        "class accuracy    %s (real images: %s)%n",
        percent(quality.classAccuracy()), percent(quality.realAccuracy()));
    unclassified.ifPresent(why -> out.printf("No class accuracy: %s.%n", why));
    out.flush();
  }

  private static String percent(OptionalDouble share) {
    return share.isEmpty() ? "-" : "%.1f %%".formatted(100 * share.getAsDouble());
  }
}
