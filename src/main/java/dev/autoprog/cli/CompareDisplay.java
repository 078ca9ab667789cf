package dev.autoprog.cli;

import dev.autoprog.cli.ComparisonPlan.PlannedRun;
import dev.autoprog.cli.report.ComparedRun;
import dev.autoprog.cli.report.Comparison;
import dev.autoprog.cli.report.ResultTable;
import dev.autoprog.cli.report.RunMetrics.End;
import dev.autoprog.model.VitConfig;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.train.TrainingListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Shows a comparison while it goes: a line per run, on a terminal with a progress bar in its place
 * until the run is over, and at the end a table of the arms.
 */
final class CompareDisplay implements AutoCloseable {
  private static final int REFRESH_MILLIS = 250;

  private final PrintWriter out;
  private final boolean terminal = TrainingDisplay.onTerminal();
  private String name = "";
  private long totalSteps;
  private ProgressBar bar;

  CompareDisplay(PrintWriter out) {
    this.out = out;
  }

  /** The full network in words. */
  static String describe(VitConfig model) {
    return String.format(
        "ViT of width %d, %d blocks, %d heads, patch %d at %d×%d pixels",
        model.width(),
        model.depth(),
        model.heads(),
        model.patch(),
        model.resolution(),
        model.resolution());
  }

  void introduce(ComparisonPlan plan, String images, Path directory) {
    out.printf(
        "%s: %s; %d epochs each, seeds %s; directory %s%n%n",
        images,
        String.join(", ", plan.arms()),
        plan.recipe().training().epochs(),
        plan.seeds().toString().replaceAll("[\\[\\]]", ""),
        directory);
    out.flush();
  }

  /** A run begins, or goes on. */
  void begun(int number, int of, PlannedRun run, boolean resuming, long totalSteps) {
    this.totalSteps = totalSteps;
    name = heading(number, of, run.arm(), run.seed());
    if (!terminal) {
      out.print(name + (resuming ? "  goes on" : ""));
      out.flush();
    }
  }

  private static String heading(int number, int of, String arm, long seed) {
    return String.format("run %d/%d  %-18s seed %d", number, of, arm, seed);
  }

  /** What the trainer tells of its steps to. */
  TrainingListener steps() {
    return new TrainingListener() {
      @Override
      public void stepped(Stage stage, long step, double loss, double accuracy, double speed) {
        show(stage, step);
      }
    };
  }

  private void show(Stage stage, long step) {
    if (!terminal) {
      return;
    }
    if (bar == null) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .startsFrom(step, Duration.ZERO)
              .setInitialMax(totalSteps)
              .setUpdateIntervalMillis(REFRESH_MILLIS)
              .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
              .clearDisplayOnFinish()
              .build();
    }
    bar.stepTo(step + 1);
    bar.setExtraMessage(
        String.format(
            "stage %d %d px depth %d", stage.index() + 1, stage.resolution(), stage.depth()));
  }

  /** The run that began last is over. */
  void finished(ComparedRun run) {
    close();
    out.printf("%s%s%n", terminal ? name : "", numbers(run.end()));
    out.flush();
  }

  /** A run was complete before. */
  void found(int number, int of, ComparedRun run) {
    out.printf("%s%s  (found)%n", heading(number, of, run.arm(), run.seed()), numbers(run.end()));
    out.flush();
  }

  private static String numbers(End end) {
    String search =
        end.searchSeconds() > 0 ? String.format(" + %.1f s of search", end.searchSeconds()) : "";
    return String.format(
        "  test %.1f %%  %.1f s of training%s",
        100 * end.testAccuracy(), end.trainSeconds(), search);
  }

  /** The table of the arms. */
  void conclude(Comparison comparison, Path directory) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(ResultTable.head());
    cells.addAll(ResultTable.rows(comparison));
    out.println();
    TextTable.lines(cells, 1).forEach(out::println);
    out.println();
    out.printf(
        "Plots are in %s, numbers in %s.%n",
        directory.resolve(Comparer.REPORT), directory.resolve(Comparer.SUMMARY));
    out.flush();
  }

  /** A run was asked to stop. */
  void stopped(Path directory) {
    close();
    out.printf(
        "%nStopped. Go on with:  ./autoprog compare --resume %s%n",
        TrainingDisplay.forShell(directory.toString()));
    out.flush();
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
