package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.RunMetrics.End;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** {@code summary.json}: a comparison for other programs. */
public final class SummaryFile {
  private SummaryFile() {}

  private record Summary(Setting setting, String baseline, Map<String, Arm> arms) {}

  /** The ratios are missing where no seed has a run of the baseline, too. */
  private record Arm(
      List<Run> runs,
      Spread testAccuracy,
      Spread trainSeconds,
      Spread searchSeconds,
      Spread evaluationSeconds,
      Paired speedup,
      Paired accuracyGain) {}

  private record Run(
      long seed,
      String directory,
      double testAccuracy,
      double trainSeconds,
      double searchSeconds,
      double evaluationSeconds,
      long steps,
      List<Level> secondsToAccuracy) {}

  /** When an accuracy was first reached; null if it was not. */
  private record Level(double accuracy, Double seconds) {}

  /**
   * Writes it, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path file, Setting setting, Comparison comparison)
      throws InputException {
    Map<String, Arm> arms = new LinkedHashMap<>();
    comparison.arms().forEach(arm -> arms.put(arm, arm(comparison, arm)));
    JsonFile.write(file, new Summary(setting, Comparison.BASELINE, arms));
  }

  private static Arm arm(Comparison comparison, String arm) {
    List<Run> runs = new ArrayList<>();
    for (ComparedRun run : comparison.of(arm)) {
      End end = run.end();
      runs.add(
          new Run(
              run.seed(),
              run.directory(),
              end.testAccuracy(),
              end.trainSeconds(),
              end.searchSeconds(),
              end.evaluationSeconds(),
              end.steps(),
              comparison.levels().stream().map(level -> level(run, level)).toList()));
    }
    return new Arm(
        runs,
        comparison.spread(arm, ComparedRun::testAccuracy),
        comparison.spread(arm, ComparedRun::trainSeconds),
        comparison.spread(arm, ComparedRun::searchSeconds),
        comparison.spread(arm, ComparedRun::evaluationSeconds),
        Paired.of(comparison.speedups(arm)),
        Paired.of(comparison.accuracyGains(arm)));
  }

  private static Level level(ComparedRun run, double accuracy) {
    OptionalDouble seconds = run.metrics().secondsTo(accuracy);
    return new Level(accuracy, seconds.isPresent() ? seconds.getAsDouble() : null);
  }
}
