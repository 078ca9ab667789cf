package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.metric.FeatureExtractor;
import dev.autoprog.metric.GenerationJudge;
import dev.autoprog.metric.GenerationQuality;
import dev.autoprog.model.ResNet20;
import dev.autoprog.train.ClassifierExtractor;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
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
  private static final String RESNET = "resnet20:";
  private static final String RUN = "run:";

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
    DiffusionConfig config = DiffusionTrainer.configOf(run);
    ImageDataset real = real(config);
    try (Session session = sampling.open(config);
        Opened opened = open(session);
        ImageSampler sampler = ImageSampler.ofRun(session, run)) {
      GenerationJudge judge = GenerationJudge.of(opened.extractor(), real, count);
      int[] labels =
          IntStream.range(0, count)
              .map(i -> real.label((int) ((long) i * real.size() / count)))
              .toArray();
      Optional<float[]> drawn = sampling.draw(sampler, labels);
      if (drawn.isEmpty()) {
        return TrainCommand.INTERRUPTED;
      }
      int side = sampling.side(sampler);
      ImageBytes images =
          ImageBytes.ofSigned(drawn.get(), sampler.network().channels(), side, side);
      print(judge.judge(images, labels));
      return CommandLine.ExitCode.OK;
    }
  }

  /** The test images of the classes that the run trained. */
  private ImageDataset real(DiffusionConfig config) throws InputException {
    var images =
        DataSources.open(
            data == null ? config.data().source() : data,
            FolderOptions.ofSide(config.data().folderSide()));
    var classes = new TreeSet<>(config.data().classes());
    return (classes.isEmpty() ? images : images.ofClasses(classes)).test();
  }

  private record Opened(FeatureExtractor extractor, AutoCloseable owner) implements AutoCloseable {
    @Override
    public void close() {
      try {
        owner.close();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e); // no extractor of ours throws another
      }
    }
  }

  private Opened open(Session session) throws InputException {
    if (extractor.startsWith(RESNET)) {
      ResNet20 network = ResNet20.read(session, Path.of(extractor.substring(RESNET.length())));
      return new Opened(network, network);
    }
    if (extractor.startsWith(RUN)) {
      ClassifierExtractor network =
          ClassifierExtractor.open(session, Path.of(extractor.substring(RUN.length())));
      return new Opened(network, network);
    }
    throw new InputException(
        "--extractor", extractor, "run:DIR or resnet20:FILE", "Name what looks at the images");
  }

  private void print(GenerationQuality quality) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%,d samples beside as many real images, seen by %s%n",
        quality.images(), quality.extractor());
    out.printf("Fréchet distance  %.3f%n", quality.frechetDistance());
    out.printf(
        "class accuracy    %s (real images: %s)%n",
        percent(quality.classAccuracy()), percent(quality.realAccuracy()));
    out.flush();
  }

  private static String percent(OptionalDouble share) {
    return share.isEmpty() ? "-" : "%.1f %%".formatted(100 * share.getAsDouble());
  }
}
