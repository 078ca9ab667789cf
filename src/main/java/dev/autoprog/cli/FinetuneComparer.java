package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.cli.report.FinetuneComparison;
import dev.autoprog.cli.report.FinetuneMetrics;
import dev.autoprog.cli.report.FinetunePage;
import dev.autoprog.cli.report.FinetuneSetting;
import dev.autoprog.cli.report.FinetuneSummary;
import dev.autoprog.cli.report.FinetuneTable;
import dev.autoprog.cli.report.FinetunedRun;
import dev.autoprog.cli.report.Numbers;
import dev.autoprog.cli.report.SampleQuality;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageBytes;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.io.Disk;
import dev.autoprog.metric.GenerationQuality;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionListener;
import dev.autoprog.train.diffusion.DiffusionPlan;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import dev.autoprog.train.diffusion.ImageSampler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Compares ways of fine-tuning a diffusion model. When a run is trained, samples are drawn with its
 * weights, from the same noise for every run, and judged; the judgement stays in the run's
 * directory, and counts as long as the extractor, its weights and the number of samples are those
 * of the plan.
 */
final class FinetuneComparer extends Comparer<FinetunePlan, DiffusionConfig, FinetunedRun> {
  private static final String QUALITY = "quality.json";
  private static final String SAMPLES = "samples.png";
  private static final String BEGINNING = "weights.sha256";
  private static final int COLUMNS = 8;

  private final DataSplit images;
  private final SamplingOptions sampling = SamplingOptions.defaults();

  FinetuneComparer(FinetunePlan plan, DataSplit images, CompareDisplay display) {
    super(plan, new Machine(plan.recipe().backend(), plan.recipe().threads()), display);
    this.images = images;
  }

  @Override
  String material() {
    DiffusionConfig.Data data = plan().recipe().data();
    return images.name()
        + (data.classes().isEmpty() ? "" : ", classes " + Numbers.list(data.classes()))
        + (data.perClass() == 0
            ? ""
            : ", " + Counted.of(data.perClass(), "image") + " of each class");
  }

  @Override
  String length() {
    return "%,d steps".formatted(plan().recipe().training().steps());
  }

  /** That there are weights, every run can be planned, and samples can be judged. */
  @Override
  void check(List<PlannedRun<DiffusionConfig>> missing) throws InputException {
    String weights = plan().recipe().model().weights();
    if (!Files.exists(Path.of(weights))) {
      throw new InputException(
          "model.weights",
          weights + ", which does not exist",
          "a safetensors file or the directory of a finished run",
          "Name one with --from");
    }
    for (PlannedRun<DiffusionConfig> run : missing) {
      DiffusionPlan.of(run.config(), images.train());
    }
    try (Session session = machine().open()) {
      judge(session).close();
    }
    requireSameBeginning(DiffusionTrainer.weightsIn(Path.of(weights)));
  }

  /**
   * That the runs to come begin with the weights with which the first of the comparison began, of
   * which it keeps the digest; {@code sha256sum --check} reads it, too.
   */
  private void requireSameBeginning(Path weights) throws InputException {
    Path file = directory().resolve(BEGINNING);
    String line = Disk.sha256(weights) + "  " + weights.toAbsolutePath() + "\n";
    try {
      if (!Files.exists(file)) {
        ByteBuffer text = StandardCharsets.UTF_8.encode(line);
        Disk.LOCAL.replace(file, out -> Disk.writeFully(out, text));
      } else if (!Files.readString(file).split(" ")[0].equals(line.split(" ")[0])) {
        throw new InputException(
            weights.toString(),
            "other weights than those with which this comparison has begun (" + file + ")",
            "the same for all of its runs",
            "Compare in another directory, or bring the weights back");
      }
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }

  private SampleJudge judge(Session session) throws InputException {
    ImageDataset real = SampleJudge.real(plan().recipe(), images);
    return SampleJudge.open(session, plan().extractor(), real, plan().count());
  }

  @Override
  DiffusionConfig configOf(Path run) throws InputException {
    return DiffusionTrainer.configOf(run);
  }

  @Override
  long steps(DiffusionConfig config) {
    return config.training().steps();
  }

  @Override
  Training training(Session session, DiffusionConfig config, Path place, Steps steps) {
    DiffusionListener listener =
        new DiffusionListener() {
          @Override
          public void stepped(
              UnfreezingSchedule.Stage stage, long step, double loss, double imagesPerSecond) {
            steps.stepped(step, stage.index(), stage.unfreezing().toString());
          }
        };
    DiffusionTrainer trainer =
        DiffusionTrainer.of(session, config).on(images).into(place).heardBy(listener);
    return new Training(
        trainer, () -> trainer.train().complete(), () -> trainer.resume().complete());
  }

  @Override
  boolean isTrained(PlannedRun<DiffusionConfig> run) throws InputException {
    return metrics(run).isPresent();
  }

  /** Of a run that is trained. */
  private Optional<FinetuneMetrics> metrics(PlannedRun<DiffusionConfig> run) throws InputException {
    Path log = placeOf(run).resolve("metrics.jsonl");
    if (!Files.exists(log)) {
      return Optional.empty();
    }
    FinetuneMetrics metrics = FinetuneMetrics.read(log, run.config().training().batch());
    return metrics.end().map(end -> metrics);
  }

  /** Draws and judges samples. */
  @Override
  boolean finish(int number, int of, PlannedRun<DiffusionConfig> run) throws InputException {
    display().judging(number, of, run);
    try (Session session = machine().open();
        SampleJudge judge = judge(session);
        ImageSampler sampler = ImageSampler.ofRun(session, placeOf(run));
        StopOnInterrupt interrupt = new StopOnInterrupt()) {
      BooleanSupplier interrupted = interrupt.noted();
      SampleGrid grid = SampleGrid.of(run.config(), sampler.network().classes(), COLUMNS);
      Optional<ImageBytes> shown = sampling.draw(sampler, grid.labels(), interrupted);
      Optional<GenerationQuality> quality =
          shown.isEmpty() ? Optional.empty() : judge.judge(sampler, sampling, interrupted);
      if (quality.isEmpty()) {
        display().stopped(directory()); // after the block the process may be gone
        return false;
      }
      grid.write(placeOf(run).resolve(SAMPLES), shown.get());
      SampleQuality.of(plan().extractor(), SampleJudge.digest(plan().extractor()), quality.get())
          .write(placeOf(run).resolve(QUALITY));
      return true;
    }
  }

  @Override
  Optional<FinetunedRun> completed(PlannedRun<DiffusionConfig> run) throws InputException {
    Path samples = placeOf(run).resolve(SAMPLES);
    Optional<FinetuneMetrics> metrics = metrics(run);
    Optional<SampleQuality> quality = quality(run);
    if (metrics.isEmpty() || quality.isEmpty() || !Files.exists(samples)) {
      return Optional.empty();
    }
    return Optional.of(
        new FinetunedRun(
            run.arm(), run.seed(), run.directory(), metrics.get(), quality.get(), samples));
  }

  private Optional<SampleQuality> quality(PlannedRun<DiffusionConfig> run) throws InputException {
    Path file = placeOf(run).resolve(QUALITY);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    SampleQuality quality = SampleQuality.read(file);
    boolean asked =
        quality.extractor().equals(plan().extractor())
            && SampleJudge.digest(plan().extractor()).equals(quality.extractorSha256())
            && quality.samples() == plan().count();
    return asked ? Optional.of(quality) : Optional.empty();
  }

  @Override
  String numbers(FinetunedRun run) {
    return "validation %s  Fréchet %s  %s"
        .formatted(
            Numbers.error(run.error()), Numbers.distance(run.frechetDistance()), Numbers.work(run));
  }

  @Override
  void report(List<FinetunedRun> runs) throws InputException {
    FinetuneSetting setting = setting();
    FinetuneComparison comparison = new FinetuneComparison(runs);
    FinetuneSummary.write(directory().resolve(SUMMARY), setting, comparison);
    FinetunePage.write(directory().resolve(REPORT), setting, comparison);
  }

  private FinetuneSetting setting() {
    DiffusionConfig recipe = plan().recipe();
    return new FinetuneSetting(
        material(),
        DiffusionDisplay.describe(recipe.model()),
        recipe.model().weights(),
        recipe.training().steps(),
        recipe.training().batch(),
        plan().extractor(),
        plan().count(),
        machine().detail(),
        machine().team());
  }

  @Override
  List<List<List<String>>> tables(List<FinetunedRun> runs) {
    return FinetuneTable.tables(new FinetuneComparison(runs));
  }
}
