package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.backend.Backend;
import dev.autoprog.data.DataSplit;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.progressive.search.SearchSpace;
import dev.autoprog.train.RunPlan;
import dev.autoprog.train.RunSummary;
import dev.autoprog.train.StageReport;
import dev.autoprog.train.TrainingListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Shows a run while it goes: on a terminal a progress bar with smoothed values, elsewhere a plain
 * line per epoch with means over its steps, as the table of the stages at the end has them.
 */
final class TrainingDisplay implements TrainingListener, AutoCloseable {
  private static final int REFRESH_MILLIS = 250;
  private static final double SMOOTHING = 0.05;
  private static final Pattern PLAIN_WORD = Pattern.compile("[\\p{L}\\p{N}_./:@%+=-]+");

  private final PrintWriter out;
  private final RunPlan plan;
  private final boolean terminal = onTerminal();
  private final long begin = System.nanoTime();
  private final RunningMean epochLoss = new RunningMean();
  private final RunningMean epochAccuracy = new RunningMean();
  private ProgressBar bar;
  private double loss = Double.NaN;
  private double accuracy = Double.NaN;
  private double speed = Double.NaN;
  private double testAccuracy = Double.NaN;

  TrainingDisplay(PrintWriter out, RunPlan plan) {
    this.out = out;
    this.plan = plan;
  }

  /** Whether somebody watches. */
  static boolean onTerminal() {
    return System.console() != null && isTerminal();
  }

  /** Since JDK 22 a console exists without a terminal, too, and says so. */
  private static boolean isTerminal() {
    try {
      return (boolean) java.io.Console.class.getMethod("isTerminal").invoke(System.console());
    } catch (NoSuchMethodException before22) {
      return true;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  void introduce(DataSplit images, Backend backend, int threads, Path directory) {
    out.printf(
        "%s: %,d images to train, %,d to test, %s%n",
        images.name(),
        images.train().size(),
        images.test().size(),
        Counted.of(images.train().classNames().size(), "class"));
    out.printf(
        "ViT of width %d, %s, %s, patch %d at %d×%d pixels; %s on %s%n",
        plan.model().width(),
        Counted.of(plan.model().depth(), "block"),
        Counted.of(plan.model().heads(), "head"),
        plan.model().patch(),
        plan.model().resolution(),
        plan.model().resolution(),
        backend.availability().detail(),
        Counted.of(threads, "thread"));
    out.printf(
        "%s, %s, %,d steps; run directory %s%n%n",
        Counted.of(plan.schedule().stages().size(), "stage"),
        Counted.of(plan.schedule().epochs(), "epoch"),
        plan.totalSteps(),
        directory);
    out.flush();
  }

  @Override
  public void searchStarted(Stage planned, SearchSpace space) {
    if (bar == null && space.candidates().size() > 1) {
      out.printf(
          "Searching the network of stage %d among %s%n",
          planned.index() + 1,
          space.candidates().stream().map(Candidate::toString).collect(Collectors.joining("; ")));
      out.flush();
    }
  }

  @Override
  public void searched(Stage stage, SearchDecision decision) {
    close(); // the bar begins again below the table
    out.printf("%nStage %d%n%s%n%n", stage.index() + 1, decision);
    out.flush();
  }

  @Override
  public void stepped(
      Stage stage, long step, double loss, double accuracy, double imagesPerSecond) {
    epochLoss.add(loss);
    epochAccuracy.add(accuracy);
    this.loss = smooth(this.loss, loss);
    this.accuracy = smooth(this.accuracy, accuracy);
    this.speed = smooth(this.speed, imagesPerSecond);
    if (terminal && bar == null) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("")
              .startsFrom(step, Duration.ZERO)
              .setInitialMax(plan.totalSteps())
              .setUpdateIntervalMillis(REFRESH_MILLIS)
              .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
              .build();
    }
    if (bar != null) {
      bar.stepTo(step + 1);
      bar.setExtraMessage(status(stage));
    }
  }

  /** What stands behind the bar, the foremost first: a narrow terminal cuts off the rest. */
  String status(Stage stage) {
    return String.format(
        "loss %.3f acc %.0f %% test %s stage %d/%d %d×%d px depth %d %.0f img/s",
        loss,
        100 * accuracy,
        Double.isNaN(testAccuracy) ? "-" : String.format("%.0f %%", 100 * testAccuracy),
        stage.index() + 1,
        plan.schedule().stages().size(),
        stage.resolution(),
        stage.resolution(),
        stage.depth(),
        speed);
  }

  private static double smooth(double old, double value) {
    return Double.isNaN(old) ? value : old + SMOOTHING * (value - old);
  }

  @Override
  public void evaluated(Stage stage, int epoch, double accuracy) {
    testAccuracy = accuracy;
    if (bar == null) {
      out.printf(
          "epoch %3d/%d  stage %d  depth %2d  %3d×%d px  %stest %5.1f %%  %s%s%n",
          epoch + 1,
          plan.schedule().epochs(),
          stage.index() + 1,
          stage.depth(),
          stage.resolution(),
          stage.resolution(),
          ifStepped("loss %.3f  train %5.1f %%  ", epochLoss.value(), 100 * epochAccuracy.value()),
          100 * accuracy,
          ifStepped("%6.0f images/s  ", speed),
          clock((System.nanoTime() - begin) * 1e-9));
      out.flush();
    }
    epochLoss.reset();
    epochAccuracy.reset();
  }

  /** Nothing for a run that was taken up again after the last step of an epoch. */
  private String ifStepped(String format, Object... values) {
    return epochLoss.isEmpty() ? "" : String.format(format, values);
  }

  /** The table of stages, and what full-size training would have cost. */
  void conclude(RunSummary summary, Path directory) {
    close();
    out.println();
    if (!summary.stages().isEmpty()) {
      showStages(summary);
    }
    if (!summary.complete()) {
      out.printf(
          "Stopped after %,d steps. Go on with:  ./autoprog train --resume %s%n",
          summary.steps(), forShell(directory.toString()));
    } else {
      out.printf(
          "Test accuracy %.1f %% after %.1f s of training (and %s%.1f s of evaluation).%n",
          100 * summary.testAccuracy(),
          summary.trainSeconds(),
          summary.searchSeconds() > 0
              ? String.format("%.1f s of searching, ", summary.searchSeconds())
              : "",
          summary.evaluationSeconds());
      out.printf(
          "Full-size training would have cost %.1f s (%.2f ms × %,d steps): %.2f× as long.%n",
          summary.fullSizeSeconds(),
          1e3 * summary.fullSizeSeconds() / summary.steps(),
          summary.steps(),
          summary.fullSizeSeconds() / (summary.trainSeconds() + summary.searchSeconds()));
      out.printf("Weights, metrics and configuration are in %s.%n", directory);
    }
    out.flush();
  }

  private void showStages(RunSummary summary) {
    out.println("stage  depth  resolution  epochs   steps   seconds  ms/step    loss   test");
    for (StageReport s : summary.stages()) {
      out.printf(
          "%5d  %5d  %7s px  %6d  %6d  %8.1f  %7.2f  %6.3f  %5.1f %%%n",
          s.stage() + 1,
          s.depth(),
          s.resolution() + "×" + s.resolution(),
          s.epochs(),
          s.steps(),
          s.seconds(),
          1e3 * s.stepSeconds(),
          s.loss(),
          100 * s.testAccuracy());
    }
    out.println();
  }

  /** The text as one word of a shell's command line. */
  static String forShell(String text) {
    return PLAIN_WORD.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private static String clock(double seconds) {
    Duration d = Duration.ofSeconds(Math.round(seconds));
    return String.format("%d:%02d", d.toMinutes(), d.toSecondsPart());
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
