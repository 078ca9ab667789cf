package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.cli.report.ComparedRun;
import dev.autoprog.cli.report.Comparison;
import dev.autoprog.cli.report.Numbers;
import dev.autoprog.cli.report.ReportPage;
import dev.autoprog.cli.report.ResultTable;
import dev.autoprog.cli.report.RunMetrics;
import dev.autoprog.cli.report.Setting;
import dev.autoprog.cli.report.SummaryFile;
import dev.autoprog.data.DataSplit;
import dev.autoprog.model.VitConfig;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.RunPlan;
import dev.autoprog.train.Trainer;
import dev.autoprog.train.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Compares runs of a classifier: full-size training beside progressive. */
final class ClassifierComparer extends Comparer<ComparisonPlan, RunConfig, ComparedRun> {
  private final DataSplit images;

  ClassifierComparer(ComparisonPlan plan, DataSplit images, CompareDisplay display) {
    super(plan, new Machine(plan.recipe().backend(), plan.recipe().threads()), display);
    this.images = images;
  }

  @Override
  String material() {
    return images.name();
  }

  @Override
  String length() {
    return plan().recipe().training().epochs() + " epochs";
  }

  @Override
  void check(List<PlannedRun<RunConfig>> missing) {}

  @Override
  RunConfig configOf(Path run) throws InputException {
    return Trainer.configOf(run);
  }

  @Override
  long steps(RunConfig config) throws InputException {
    return RunPlan.of(config, images.train()).totalSteps();
  }

  @Override
  Training training(Session session, RunConfig config, Path place, Steps steps) {
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void stepped(Stage stage, long step, double loss, double accuracy, double speed) {
            String network = stage.resolution() + " px depth " + stage.depth();
            steps.stepped(step, stage.index(), network);
          }
        };
    Trainer trainer = Trainer.of(session, config).on(images).into(place).heardBy(listener);
    return new Training(
        trainer, () -> trainer.train().complete(), () -> trainer.resume().complete());
  }

  @Override
  boolean isTrained(PlannedRun<RunConfig> run) throws InputException {
    return completed(run).isPresent();
  }

  @Override
  boolean finish(int number, int of, PlannedRun<RunConfig> run) {
    return true;
  }

  @Override
  Optional<ComparedRun> completed(PlannedRun<RunConfig> run) throws InputException {
    Path log = placeOf(run).resolve("metrics.jsonl");
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

  @Override
  String numbers(ComparedRun run) {
    return "test %.1f %%  %s".formatted(100 * run.testAccuracy(), Numbers.work(run));
  }

  @Override
  void report(List<ComparedRun> runs) throws InputException {
    Setting setting = setting();
    Comparison comparison = new Comparison(runs);
    SummaryFile.write(directory().resolve(SUMMARY), setting, comparison);
    ReportPage.write(directory().resolve(REPORT), setting, comparison);
  }

  private Setting setting() throws InputException {
    RunConfig recipe = plan().recipe();
    return new Setting(
        images.name(),
        describe(RunPlan.of(recipe, images.train()).model()),
        recipe.training().epochs(),
        recipe.training().batch(),
        machine().detail(),
        machine().team());
  }

  /** The full network in words. */
  private static String describe(VitConfig model) {
    return "ViT of width %d, %s, %s, patch %d at %d×%d pixels"
        .formatted(
            model.width(),
            Counted.of(model.depth(), "block"),
            Counted.of(model.heads(), "head"),
            model.patch(),
            model.resolution(),
            model.resolution());
  }

  @Override
  List<List<List<String>>> tables(List<ComparedRun> runs) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(ResultTable.head());
    cells.addAll(ResultTable.rows(new Comparison(runs)));
    return List.of(cells);
  }
}
