package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.data.Selection;
import dev.autoprog.io.Disk;
import dev.autoprog.metric.FeatureExtractor;
import dev.autoprog.metric.GenerationJudge;
import dev.autoprog.metric.GenerationQuality;
import dev.autoprog.model.ResNet20;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.train.ClassifierExtractor;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.ImageSampler;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** Judges what a diffusion model draws, in the eyes of an extractor that is named by a text. */
final class SampleJudge implements AutoCloseable {
  private static final String RESNET = "resnet20:";
  private static final String RUN = "run:";

  private final Runnable release;
  private final ImageDataset real;
  private final int count;
  private final GenerationJudge judge;

  private SampleJudge(FeatureExtractor extractor, Runnable release, ImageDataset real, int count)
      throws InputException {
    this.release = release;
    this.real = real;
    this.count = count;
    try {
      this.judge = GenerationJudge.of(extractor, real, count);
    } catch (InputException | RuntimeException e) {
      release.run();
      throw e;
    }
  }

  /**
   * A judge that has looked at real images.
   *
   * @param extractor {@code run:DIR} or {@code resnet20:FILE}
   * @param real images of the classes that are drawn
   * @param count how many images are drawn, beside as many real ones
   * @throws InputException if there is no such extractor, it does not fit the images, or they are
   *     too few
   */
  static SampleJudge open(Session session, String extractor, ImageDataset real, int count)
      throws InputException {
    if (extractor.startsWith(RESNET)) {
      ResNet20 network = ResNet20.read(session, Path.of(extractor.substring(RESNET.length())));
      return new SampleJudge(network, network::close, real, count);
    }
    if (extractor.startsWith(RUN)) {
      ClassifierExtractor network =
          ClassifierExtractor.open(session, Path.of(extractor.substring(RUN.length())));
      return new SampleJudge(network, network::close, real, count);
    }
    throw new InputException(
        "--extractor", extractor, "run:DIR or resnet20:FILE", "Name what looks at the images");
  }

  /**
   * The SHA-256 of an extractor's weights: a run that was trained again is another extractor.
   *
   * @throws InputException if there are none
   */
  static String digest(String extractor) throws InputException {
    return Disk.sha256(
        extractor.startsWith(RUN)
            ? Checkpoint.newestOf(Path.of(extractor.substring(RUN.length()))).modelFile()
            : Path.of(extractor.substring(RESNET.length())));
  }

  /**
   * Checks that a model draws images.
   *
   * @throws InputException if it draws latents
   */
  static void requirePixels(DiffusionConfig config) throws InputException {
    if (DataSources.isLatents(config.data().source())) {
      throw noPixels();
    }
  }

  static InputException noPixels() {
    return new InputException(
        "judging",
        "a model of latents",
        "one of images, whose pixels an extractor can look at",
        "Draw with sample --decoder, and give the images to GenerationJudge in a program of yours");
  }

  /** The test images of the classes that a run trains. */
  static ImageDataset real(DiffusionConfig config, DataSplit images) throws InputException {
    return images.select(Selection.ofClasses(Set.copyOf(config.data().classes()))).test();
  }

  /**
   * Draws samples of the real images' classes and judges them.
   *
   * @return nothing if it was interrupted
   */
  Optional<GenerationQuality> judge(
      ImageSampler sampler, SamplingOptions sampling, BooleanSupplier interrupted)
      throws InputException {
    int[] labels =
        IntStream.range(0, count)
            .map(i -> real.label((int) ((long) i * real.size() / count)))
            .toArray();
    Optional<ImageBytes> drawn = sampling.draw(sampler, labels, interrupted);
    return drawn.map(images -> judge.judge(images, labels));
  }

  /** Why there is no class accuracy; nothing if there is. */
  Optional<String> unclassified() {
    return judge.unclassified();
  }

  @Override
  public void close() {
    release.run();
  }
}
