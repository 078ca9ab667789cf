package dev.autoprog.cli.report;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.cli.report.Charts.Line;
import dev.autoprog.cli.report.RunMetrics.Evaluation;
import dev.autoprog.cli.report.RunMetrics.StageBegin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** {@code report.html}: a comparison for people, in one file that refers to no other. */
public final class ReportPage {
  /** How the arms that compare growth operators are called: this and the operator's name. */
  public static final String OPERATOR_PREFIX = "manual-";

  private static final String MANUAL = "manual";

  /** By the names of the log. */
  private static final Map<String, String> STRENGTHS =
      Map.of(
          "stochastic_depth", "stochastic depth, rate",
          "erase", "erasing, probability",
          "min_crop_area", "least share cropped to",
          "rand_augment", "RandAugment, magnitude");

  private final Setting setting;
  private final Comparison comparison;
  private final Html html = new Html();
  private final Figures figures;

  private ReportPage(Setting setting, Comparison comparison) {
    this.setting = setting;
    this.comparison = comparison;
    this.figures = new Figures(html, comparison.arms());
  }

  /**
   * Writes it, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path file, Setting setting, Comparison comparison)
      throws InputException {
    new ReportPage(setting, comparison).write(file);
  }

  private void write(Path file) throws InputException {
    String title = "Progressive training on " + setting.images();
    html.heading(1, title);
    html.note(
        Numbers.format(
            "%s; %s, %s per step. %s, %s.",
            setting.model(),
            Counted.of(setting.epochs(), "epoch"),
            Counted.of(setting.batch(), "image"),
            setting.machine(),
            Counted.of(setting.threads(), "thread")));
    results();
    learning();
    schedules();
    SearchSection.write(html, comparison);
    operators();
    html.write(file, title);
  }

  private void results() {
    html.heading(2, "Results");
    html.table(ResultTable.head(), ResultTable.rows(comparison), row -> false);
    html.note(
        "Means over the seeds, ± standard deviation. Speedup: seconds of training and search of the"
            + " arm full over the arm's, seed by seed; in brackets the least and the greatest."
            + " Evaluation, checkpoints and waiting for images count for nobody.");
    List<Double> levels = comparison.levels();
    if (!levels.isEmpty()) {
      html.heading(2, "Time to accuracy");
      List<String> head = new ArrayList<>(List.of("arm"));
      levels.forEach(level -> head.add(Numbers.format("%.0f %%", 100 * level)));
      html.table(
          head, comparison.arms().stream().map(arm -> timesTo(arm, levels)).toList(), row -> false);
      html.note(
          "Seconds of training and search until an evaluation, one an epoch, first found at least"
              + " this test accuracy; a dash where a seed never did.");
    }
  }

  private List<String> timesTo(String arm, List<Double> levels) {
    return Stream.concat(
            Stream.of(arm),
            levels.stream()
                .map(level -> comparison.secondsTo(arm, level))
                .map(seconds -> seconds.map(Numbers::seconds).orElse(Numbers.NONE)))
        .toList();
  }

  private void learning() {
    html.heading(2, "Accuracy and loss over time");
    curves(mainRuns());
  }

  private void curves(List<ComparedRun> runs) {
    figures.curves(
        runs,
        "test accuracy, %",
        "Test accuracy",
        "Test accuracy after every epoch, at the resolution and depth of that time; a line per"
            + " run.",
        run -> evaluations(run.metrics()));
    figures.loss(runs);
  }

  private static Line evaluations(RunMetrics metrics) {
    Line line = Line.empty();
    for (Evaluation evaluation : metrics.evaluations()) {
      line.add(evaluation.seconds(), 100 * evaluation.accuracy());
    }
    return line;
  }

  private void schedules() {
    html.heading(2, "Schedules");
    html.note(
        "While a stage's network is searched, its candidates train by turns; drawn is what had been"
            + " settled before. Arms that go together hide one another.");
    stages("depth, blocks", StageBegin::depth);
    stages("resolution, pixels", StageBegin::resolution);
    for (String name : strengths()) {
      stages(STRENGTHS.getOrDefault(name, name), stage -> stage.strength().getOrDefault(name, 0.0));
    }
  }

  private void stages(String title, ToDoubleFunction<StageBegin> quantity) {
    figures.stages(mainRuns(), title, run -> begins(run.metrics(), quantity));
  }

  private static Line begins(RunMetrics metrics, ToDoubleFunction<StageBegin> quantity) {
    Line line = Line.empty();
    for (StageBegin stage : metrics.stages()) {
      line.add(stage.seconds(), quantity.applyAsDouble(stage));
    }
    return line;
  }

  /** Those of the operators have a part of their own, unless there are no others. */
  private List<ComparedRun> mainRuns() {
    List<ComparedRun> runs = comparison.runs().stream().filter(run -> !isOperators(run)).toList();
    return runs.isEmpty() ? comparison.runs() : runs;
  }

  /** Those that differ between any two stages. */
  private List<String> strengths() {
    List<StageBegin> stages =
        comparison.runs().stream().flatMap(run -> run.metrics().stages().stream()).toList();
    return stages.stream()
        .flatMap(stage -> stage.strength().keySet().stream())
        .distinct()
        .filter(name -> stages.stream().map(s -> s.strength().get(name)).distinct().count() > 1)
        .toList();
  }

  private static boolean isOperators(ComparedRun run) {
    return run.arm().startsWith(OPERATOR_PREFIX);
  }

  private void operators() {
    if (comparison.runs().stream().noneMatch(ReportPage::isOperators)) {
      return;
    }
    List<ComparedRun> runs =
        comparison.runs().stream()
            .filter(run -> isOperators(run) || run.arm().equals(MANUAL))
            .toList();
    html.heading(2, "Growth operators");
    html.note("The same schedule, grown by each.");
    List<List<String>> rows = new ArrayList<>();
    for (String arm : runs.stream().map(ComparedRun::arm).distinct().toList()) {
      rows.add(
          List.of(
              comparison.of(arm).get(0).operator(),
              Numbers.percent(comparison.spread(arm, ComparedRun::testAccuracy)),
              Numbers.points(comparison.accuracyGains(arm)),
              Numbers.seconds(comparison.spread(arm, ComparedRun::trainSeconds))));
    }
    html.table(
        List.of("operator", "test accuracy", "points vs full", "training"), rows, row -> false);
    curves(runs);
  }
}
