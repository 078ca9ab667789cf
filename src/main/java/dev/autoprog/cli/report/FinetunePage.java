package dev.autoprog.cli.report;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.cli.report.Charts.Line;
import dev.autoprog.cli.report.FinetuneMetrics.StageBegin;
import dev.autoprog.cli.report.FinetuneMetrics.Validation;
import dev.autoprog.io.Disk;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** {@code report.html} of a comparison of fine-tuning, in one file that refers to no other. */
public final class FinetunePage {
  private final FinetuneSetting setting;
  private final FinetuneComparison comparison;
  private final Html html = new Html();
  private final Figures figures;

  private FinetunePage(FinetuneSetting setting, FinetuneComparison comparison) {
    this.setting = setting;
    this.comparison = comparison;
    this.figures = new Figures(html, comparison.arms());
  }

  /**
   * Writes it, over one that is there.
   *
   * @throws InputException if the system refuses, or a run's samples cannot be read
   */
  public static void write(Path file, FinetuneSetting setting, FinetuneComparison comparison)
      throws InputException {
    new FinetunePage(setting, comparison).write(file);
  }

  private void write(Path file) throws InputException {
    String title = "Fine-tuning on " + setting.images();
    html.heading(1, title);
    html.note(
        Numbers.format(
            "%s, weights of %s; %d steps, %s per step. %s, %s.",
            setting.model(),
            setting.weights(),
            setting.steps(),
            Counted.of(setting.batch(), "image"),
            setting.machine(),
            Counted.of(setting.threads(), "thread")));
    results();
    learning();
    schedules();
    ZeroShotSection.write(html, comparison);
    samples();
    html.write(file, title);
  }

  private void results() {
    html.heading(2, "Results");
    table(FinetuneTable.QUALITY, arm -> FinetuneTable.quality(comparison, arm));
    html.note(
        Numbers.format(
            "Validation error: mean squared, on images that nobody trained on, at noise that is"
                + " always the same. Fréchet distance and class accuracy: of %d samples of the"
                + " averaged weights, beside as many real images, in the eyes of %s%s.",
            setting.samples(),
            setting.extractor(),
            comparison
                .realAccuracy()
                .map(
                    real ->
                        Numbers.format(
                            ", which sees the class of %.1f %% of the real ones", 100 * real))
                .orElse("")));
    table(FinetuneTable.TIME, arm -> FinetuneTable.time(comparison, arm));
    html.note(
        "Means over the seeds, ± standard deviation. Against the arm full, seed by seed: the ratio"
            + " of the validation errors, the difference of the Fréchet distances, and the speedup,"
            + " seconds of training and search of full over the arm's; in brackets the least and"
            + " the greatest. Validation, checkpoints and waiting for images count for nobody.");
  }

  private void table(List<String> head, Function<String, List<String>> row) {
    html.table(head, comparison.arms().stream().map(row).toList(), chosen -> false);
  }

  private void learning() {
    html.heading(2, "Error and loss over time");
    figures.curves(
        comparison.runs(),
        "validation MSE",
        "Validation error",
        "Validation error at full resolution, whatever the stage trains; a line per run.",
        FinetunePage::validations);
    figures.loss(comparison.runs());
  }

  private static Line validations(FinetunedRun run) {
    Line line = Line.empty();
    for (Validation validation : run.metrics().validations()) {
      line.add(validation.seconds(), validation.error());
    }
    return line;
  }

  private void schedules() {
    html.heading(2, "Schedules");
    html.note(
        "The level says how many of the blocks are trained, in quarters. Arms that go together hide"
            + " one another.");
    stages("level", Unfreezing::level);
    stages("resolution, pixels", Unfreezing::resolution);
  }

  private void stages(String title, ToDoubleFunction<Unfreezing> quantity) {
    figures.stages(comparison.runs(), title, run -> begins(run, quantity));
  }

  private static Line begins(FinetunedRun run, ToDoubleFunction<Unfreezing> quantity) {
    Line line = Line.empty();
    for (StageBegin stage : run.metrics().stages()) {
      line.add(stage.seconds(), quantity.applyAsDouble(stage.unfreezing()));
    }
    return line;
  }

  private void samples() throws InputException {
    html.heading(2, "Samples");
    html.note("A row per class; the same classes from the same noise in every grid.");
    List<Html.Picture> grids = new ArrayList<>();
    for (FinetunedRun run : comparison.runs()) {
      grids.add(
          new Html.Picture(
              bytes(run.samples()),
              Numbers.format(
                  "%s, seed %d: Fréchet distance %s",
                  run.arm(), run.seed(), Numbers.distance(run.frechetDistance()))));
    }
    html.gallery(grids);
  }

  private static byte[] bytes(Path file) throws InputException {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw Disk.cannotRead(file, e);
    }
  }
}
