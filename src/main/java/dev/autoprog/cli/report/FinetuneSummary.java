package dev.autoprog.cli.report;

import dev.autoprog.InputException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code summary.json} of a comparison of fine-tuning. */
public final class FinetuneSummary {
  private FinetuneSummary() {}

  private record Summary(FinetuneSetting setting, String baseline, Map<String, Arm> arms) {}

  /** What is against the baseline is missing where no seed has a run of that, too. */
  private record Arm(
      List<Run> runs,
      Spread validationMse,
      Spread frechetDistance,
      Spread classAccuracy,
      Spread trainSeconds,
      Spread searchSeconds,
      Spread validationSeconds,
      Paired speedup,
      Paired mseRatio,
      Paired frechetDifference) {}

  private record Run(
      long seed,
      String directory,
      double validationMse,
      double frechetDistance,
      Double classAccuracy,
      double trainSeconds,
      double searchSeconds,
      double validationSeconds,
      long steps) {
    static Run of(FinetunedRun run) {
      return new Run(
          run.seed(),
          run.directory(),
          run.error(),
          run.frechetDistance(),
          run.quality().classAccuracy(),
          run.trainSeconds(),
          run.searchSeconds(),
          run.validationSeconds(),
          run.stepCount());
    }
  }

  /**
   * Writes it, over one that is there.
   *
   * @throws InputException if the system refuses
   */
  public static void write(Path file, FinetuneSetting setting, FinetuneComparison comparison)
      throws InputException {
    Map<String, Arm> arms = new LinkedHashMap<>();
    comparison.arms().forEach(arm -> arms.put(arm, arm(comparison, arm)));
    JsonFile.write(file, new Summary(setting, Arms.BASELINE, arms));
  }

  private static Arm arm(FinetuneComparison comparison, String arm) {
    return new Arm(
        comparison.of(arm).stream().map(Run::of).toList(),
        comparison.spread(arm, FinetunedRun::error),
        comparison.spread(arm, FinetunedRun::frechetDistance),
        comparison.classAccuracy(arm).orElse(null),
        comparison.spread(arm, FinetunedRun::trainSeconds),
        comparison.spread(arm, FinetunedRun::searchSeconds),
        comparison.spread(arm, FinetunedRun::validationSeconds),
        Paired.of(comparison.speedups(arm)),
        Paired.of(comparison.errorRatios(arm)),
        Paired.of(comparison.frechetDifferences(arm)));
  }
}
