package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.cli.ComparisonPlan.PlannedRun;
import dev.autoprog.cli.report.ComparedRun;
import dev.autoprog.cli.report.Comparison;
import dev.autoprog.cli.report.ReportPage;
import dev.autoprog.cli.report.RunMetrics;
import dev.autoprog.cli.report.Setting;
import dev.autoprog.cli.report.SummaryFile;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSplit;
import dev.autoprog.io.Disk;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.run.CheckpointStore;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.RunPlan;
import dev.autoprog.train.RunSummary;
import dev.autoprog.train.Trainer;
import dev.autoprog.train.TrainingException;
import dev.autoprog.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Works a comparison's runs off, one after another, each in a directory of its own; those that are
 * complete already are left alone, and one that was stopped goes on. Summary and report are written
 * anew after every run.
 */
final class Comparer {
  static final String PLAN = "comparison.yaml";
  static final String SUMMARY = "summary.json";
  static final String REPORT = "report.html";

  private static final String WARM_UP = ".warm-up";
  private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final ComparisonPlan plan;
  private final DataSplit images;
  private final Path directory;
  private final CompareDisplay display;
  private final List<ComparedRun> complete = new ArrayList<>();
  private boolean warm;

  Comparer(ComparisonPlan plan, DataSplit images, Path directory, CompareDisplay display) {
    this.plan = plan;
    this.images = images;
    this.directory = directory;
    this.display = display;
  }

  /**
   * Runs what there is to run.
   *
   * @return all runs; nothing if one was asked to stop
   */
  Optional<Comparison> compare() throws InputException, TrainingException {
    List<PlannedRun> runs = plan.runs();
    for (PlannedRun run : runs) {
      requireSame(run); // before hours of training
    }
    ConfigFile.write(directory.resolve(PLAN), plan);
    for (int i = 0; i < runs.size(); i++) {
      PlannedRun run = runs.get(i);
      Optional<ComparedRun> before = completed(run);
      if (before.isPresent()) {
        complete.add(before.get());
        display.found(i + 1, runs.size(), before.get());
      } else if (train(i + 1, runs.size(), run)) {
        complete.add(completed(run).orElseThrow());
        display.finished(complete.get(complete.size() - 1));
        report();
      } else {
        return Optional.empty();
      }
    }
    report();
    return Optional.of(comparison());
  }

  /** In the order of the arms, each arm's in that of the seeds. */
  private Comparison comparison() {
    return new Comparison(
        complete.stream()
            .sorted(Comparator.comparingInt(run -> plan.arms().indexOf(run.arm())))
            .toList());
  }

  private void report() throws InputException {
    Setting setting = setting();
    SummaryFile.write(directory.resolve(SUMMARY), setting, comparison());
    ReportPage.write(directory.resolve(REPORT), setting, comparison());
  }

  private Setting setting() throws InputException {
    RunConfig recipe = plan.recipe();
    RunPlan full = RunPlan.of(recipe, images.train());
    return new Setting(
        images.name(),
        CompareDisplay.describe(full.model()),
        recipe.training().epochs(),
        recipe.training().batch(),
        Backend.named(recipe.backend()).availability().detail(),
        threads());
  }

  private int threads() {
    int wanted = plan.recipe().threads();
    return wanted > 0 ? wanted : Runtime.getRuntime().availableProcessors();
  }

  private void requireSame(PlannedRun run) throws InputException {
    Path place = directory.resolve(run.directory());
    if (hasConfig(place) && !Trainer.configOf(place).equals(run.config())) {
      throw new InputException(
          place.toString(),
          "a run with another configuration",
          "the run of this comparison that was begun here, or nothing",
          "Compare with the settings of " + PLAN + " beside it, or choose another directory");
    }
  }

  private static boolean hasConfig(Path run) {
    return Files.exists(run.resolve("config.yaml"));
  }

  private Optional<ComparedRun> completed(PlannedRun run) throws InputException {
    Path log = directory.resolve(run.directory()).resolve("metrics.jsonl");
    if (!Files.exists(log)) {
      return Optional.empty();
    }
    RunMetrics metrics = RunMetrics.read(log, run.config().training().batch());
    return metrics
        .end()
        .map(
            end ->
                new ComparedRun(
                    run.arm(),
                    run.seed(),
                    run.config().progressive().operator().name().toLowerCase(Locale.ROOT),
                    run.directory(),
                    metrics));
  }

  /** Trains, or goes on; false if it was asked to stop. */
  private boolean train(int number, int of, PlannedRun run)
      throws InputException, TrainingException {
    warmUp(run);
    Path place = directory.resolve(run.directory());
    boolean resuming = isBegun(place);
    display.begun(number, of, run, resuming, RunPlan.of(run.config(), images.train()).totalSteps());
    try (Session session = session()) {
      Trainer trainer =
          Trainer.of(session, run.config()).on(images).into(place).heardBy(display.steps());
      try (StopOnInterrupt interrupt = new StopOnInterrupt()) {
        interrupt.stops(trainer);
        RunSummary summary = resuming ? trainer.resume() : trainer.train();
        if (!summary.complete()) {
          display.stopped(directory); // after the block the process may be gone
        }
        return summary.complete();
      }
    }
  }

  private Session session() throws InputException {
    return Session.open(Backend.named(plan.recipe().backend()), threads());
  }

  /** Whether there is a checkpoint; what a run left that died before its first is removed. */
  private static boolean isBegun(Path place) throws InputException {
    if (!hasConfig(place)) {
      return false;
    }
    boolean begun;
    try (CheckpointStore store = CheckpointStore.open(place)) {
      begun = store.hasAny();
    }
    if (!begun) {
      delete(place);
    }
    return begun;
  }

  private static void delete(Path tree) throws InputException {
    try {
      Disk.LOCAL.delete(tree);
    } catch (IOException e) {
      throw Disk.cannotWrite(tree, e);
    }
  }

  /**
   * Some steps that nobody keeps, so that the first run finds the process as warm as the others.
   */
  private void warmUp(PlannedRun run) throws InputException, TrainingException {
    if (warm) {
      return;
    }
    warm = true;
    Path aside = directory.resolve(WARM_UP);
    delete(aside);
    Trainer[] trainer = new Trainer[1];
    long end = System.nanoTime() + WARM_UP_NANOS;
    TrainingListener stop =
        new TrainingListener() {
          @Override
          public void stepped(Stage s, long step, double loss, double accuracy, double speed) {
            if (System.nanoTime() > end) {
              trainer[0].requestStop();
            }
          }
        };
    try (Session session = session()) {
      trainer[0] = Trainer.of(session, run.config()).on(images).into(aside).heardBy(stop);
      trainer[0].train();
    } finally {
      delete(aside);
    }
  }
}
