package dev.autoprog.cli;

import dev.autoprog.cli.report.Numbers;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
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
  private final String command;
  private final boolean terminal = TrainingDisplay.onTerminal();
  private String name = "";
  private long totalSteps;
  private ProgressBar bar;

  /**
   * A display.
   *
   * @param command whose comparison it is
   */
  CompareDisplay(PrintWriter out, String command) {
    this.out = out;
    this.command = command;
  }

  /**
   * The comparison begins.
   *
   * @param images what all runs are trained on
   * @param length how long each is trained
   */
  void introduce(String images, ArmsPlan<?> plan, String length, Path directory) {
    out.printf(
        "%s: %s; %s each, seeds %s; directory %s%n%n",
        images, String.join(", ", plan.arms()), length, Numbers.list(plan.seeds()), directory);
    out.flush();
  }

  /** A run begins, or goes on. */
  void begun(int number, int of, PlannedRun<?> run, boolean resuming, long totalSteps) {
    this.totalSteps = totalSteps;
    head(number, of, run, resuming ? "  goes on" : "");
  }

  /**
   * Samples of a run are drawn and judged: of the one that began last, or of one trained before.
   */
  void judging(int number, int of, PlannedRun<?> run) {
    close();
    if (!name.equals(heading(number, of, run))) {
      head(number, of, run, "");
    }
    if (terminal) {
      out.print(name + "  draws samples\r"); // until the result stands there
      out.flush();
    }
  }

  private void head(int number, int of, PlannedRun<?> run, String more) {
    name = heading(number, of, run);
    if (!terminal) {
      out.print(name + more);
      out.flush();
    }
  }

  private static String heading(int number, int of, PlannedRun<?> run) {
    String padded = String.format("%" + Integer.toString(of).length() + "d", number);
    return String.format("run %s/%d  %-20s seed %d", padded, of, run.arm(), run.seed());
  }

  /** What is told of a run's steps. */
  Comparer.Steps steps() {
    return this::show;
  }

  private void show(long step, int stage, String network) {
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
    bar.setExtraMessage("stage " + (stage + 1) + " " + network);
  }

  /**
   * The run that began last is over.
   *
   * @param numbers its result
   */
  void finished(String numbers) {
    close();
    out.printf("%s  %s%n", terminal ? name : "", numbers);
    out.flush();
  }

  /** A run was complete before. */
  void found(int number, int of, PlannedRun<?> run, String numbers) {
    out.printf("%s  %s  (found)%n", heading(number, of, run), numbers);
    out.flush();
  }

  /**
   * All runs are complete.
   *
   * @param tables of the arms, each under its head
   */
  void conclude(List<List<List<String>>> tables, Path directory) {
    for (List<List<String>> table : tables) {
      out.println();
      TextTable.lines(table, 1).forEach(out::println);
    }
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
        "%nStopped. Go on with:  ./autoprog %s --resume %s%n",
        command, TrainingDisplay.forShell(directory.toString()));
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
