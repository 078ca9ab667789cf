package dev.autoprog.cli;

import dev.autoprog.Counted;
import dev.autoprog.backend.Backend;
import dev.autoprog.io.WeightFile;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionData;
import dev.autoprog.train.diffusion.DiffusionListener;
import dev.autoprog.train.diffusion.DiffusionStageReport;
import dev.autoprog.train.diffusion.DiffusionSummary;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Shows a diffusion model's run while it goes: on a terminal a progress bar with smoothed values,
 * elsewhere a plain line per validation with the mean loss since the one before; at the end a table
 * of the stages.
 */
final class DiffusionDisplay implements DiffusionListener, AutoCloseable {
  private static final int REFRESH_MILLIS = 250;
  private static final int MOST_NAMED = 8;
  private static final double SMOOTHING = 0.02;

  private final PrintWriter out;
  private final DiffusionConfig config;
  private final boolean terminal = TrainingDisplay.onTerminal();
  private final long begin = System.nanoTime();
  private final RunningMean lossSince = new RunningMean();
  private ProgressBar bar;
  private double loss = Double.NaN;
  private double speed = Double.NaN;
  private double error = Double.NaN;

  DiffusionDisplay(PrintWriter out, DiffusionConfig config) {
    this.out = out;
    this.config = config;
  }

  void introduce(DiffusionData data, Backend backend, int threads, Path directory) {
    DiffusionConfig.Model model = config.model();
    out.printf(
        "%s: %,d %s to train, %,d to validate%s%n",
        data.name(),
        data.train().size(),
        data.latents().isPresent() ? "latents" : "images",
        data.testSize(),
        used(config.data()));
    out.printf(
        "%s%s; %s on %s%n",
        describe(model),
        model.weights().isEmpty() ? "" : ", weights of " + model.weights(),
        backend.availability().detail(),
        Counted.of(threads, "thread"));
    out.printf(
        "%,d steps of %s; run directory %s%n%n",
        config.training().steps(), Counted.of(config.training().batch(), "image"), directory);
    out.flush();
  }

  private static String used(DiffusionConfig.Data data) {
    String classes = data.classes().isEmpty() ? "" : ", of which classes " + data.classes();
    if (data.perClass() > 0) {
      return classes + ", the first " + data.perClass() + " of each class, are used";
    }
    return classes.isEmpty() ? "" : classes + " are used";
  }

  /** The network in words. */
  static String describe(DiffusionConfig.Model model) {
    return switch (model.kind()) {
      case DIT ->
          "DiT of width %d, %s, %s, patch %d"
              .formatted(
                  model.dit().width(),
                  Counted.of(model.dit().depth(), "block"),
                  Counted.of(model.dit().heads(), "head"),
                  model.dit().patch());
      case UNET ->
          "UNet of %s, levels %s, attention at %s"
              .formatted(
                  Counted.of(model.unet().channels(), "channel"),
                  model.unet().multipliers(),
                  model.unet().attention());
    };
  }

  /** Says what begins afresh and what is left over, so that nobody takes it to have been read. */
  @Override
  public void weightsRead(Path file, WeightFile.Report report) {
    if (!report.kept().isEmpty()) {
      out.printf("Weights of %s; new: %s%n", file, named(report.kept()));
    }
    if (!report.unused().isEmpty()) {
      out.printf(
          "Not used of %s: %s%n",
          file,
          named(report.unused().entrySet().stream().map(e -> e.getKey() + e.getValue()).toList()));
    }
    out.flush();
  }

  private static String named(List<String> tensors) {
    int named = Math.min(MOST_NAMED, tensors.size());
    String rest = tensors.size() > named ? " and " + (tensors.size() - named) + " more" : "";
    return String.join(", ", tensors.subList(0, named)) + rest;
  }

  @Override
  public void searched(UnfreezingSchedule.Stage planned, ZeroShotDecision<Unfreezing> decision) {
    close(); // the bar begins again below the table
    out.printf("%nStage %d%n%s%n%n", planned.index() + 1, decision);
    out.flush();
  }

  @Override
  public void stepped(
      UnfreezingSchedule.Stage stage, long step, double loss, double imagesPerSecond) {
    lossSince.add(loss);
    this.loss = smooth(this.loss, loss);
    this.speed = smooth(this.speed, imagesPerSecond);
    if (terminal && bar == null) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("")
              .startsFrom(step, Duration.ZERO)
              .setInitialMax(config.training().steps())
              .setUpdateIntervalMillis(REFRESH_MILLIS)
              .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
              .build();
    }
    if (bar != null) {
      bar.stepTo(step + 1);
      bar.setExtraMessage(
          "loss %.4f val %s stage %d %s %.0f img/s"
              .formatted(
                  this.loss,
                  Double.isNaN(error) ? "-" : "%.4f".formatted(error),
                  stage.index() + 1,
                  stage.unfreezing(),
                  speed));
    }
  }

  private static double smooth(double old, double value) {
    return Double.isNaN(old) ? value : old + SMOOTHING * (value - old);
  }

  @Override
  public void validated(UnfreezingSchedule.Stage stage, long step, double error) {
    this.error = error;
    if (bar == null) {
      Duration time = Duration.ofNanos(System.nanoTime() - begin);
      out.printf(
          "step %6d  stage %d  %s  %svalidation %.4f  %s%d:%02d%n",
          step,
          stage.index() + 1,
          stage.unfreezing(),
          ifStepped("loss %.4f  ", lossSince.value()),
          error,
          ifStepped("%6.0f images/s  ", speed),
          time.toMinutes(),
          time.toSecondsPart());
      out.flush();
    }
    lossSince.reset();
  }

  /** Nothing for a run that was taken up again after the last step before a validation. */
  private String ifStepped(String format, double value) {
    return lossSince.isEmpty() ? "" : String.format(format, value);
  }

  /** The table of stages, and what training everything throughout would have cost. */
  void conclude(DiffusionSummary summary, Path directory, String command) {
    close();
    out.println();
    if (!summary.stages().isEmpty()) {
      showStages(summary);
    }
    if (!summary.complete()) {
      out.printf(
          "Stopped after %,d steps. Go on with:  ./autoprog %s --resume %s%n",
          summary.steps(), command, TrainingDisplay.forShell(directory.toString()));
    } else {
      out.printf(
          "Validation error %.4f after %.1f s of training (and %.1f s of searching, %.1f s of"
              + " validation).%n",
          summary.error(),
          summary.trainSeconds(),
          summary.searchSeconds(),
          summary.validationSeconds());
      if (summary.stages().size() > 1) {
        out.printf(
            "Training everything throughout would have cost %.1f s: %.2f× as long.%n",
            summary.fullSeconds(),
            summary.fullSeconds() / (summary.trainSeconds() + summary.searchSeconds()));
      }
      out.printf(
          "Averaged weights, metrics and configuration are in %s. Look at samples with:%n"
              + "  ./autoprog sample %s%n",
          directory, TrainingDisplay.forShell(directory.toString()));
    }
    out.flush();
  }

  private void showStages(DiffusionSummary summary) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(
        List.of(
            "stage",
            "resolution",
            "level",
            "trained",
            "steps",
            "seconds",
            "ms/step",
            "loss",
            "validation"));
    for (DiffusionStageReport s : summary.stages()) {
      cells.add(
          List.of(
              Integer.toString(s.stage() + 1),
              s.resolution() + " px",
              Integer.toString(s.level()),
              "%,d".formatted(s.trainable()),
              Long.toString(s.steps()),
              "%.1f".formatted(s.seconds()),
              "%.2f".formatted(1e3 * s.stepSeconds()),
              "%.4f".formatted(s.loss()),
              "%.4f".formatted(s.error())));
    }
    TextTable.lines(cells, 0).forEach(out::println);
    out.println();
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
