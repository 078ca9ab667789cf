package dev.autoprog.cli.report;

import java.util.List;
import java.util.stream.Stream;

/** A comparison of fine-tuning in tables: a row per arm, each number the mean over the seeds. */
public final class FinetuneTable {
  static final List<String> QUALITY =
      List.of("arm", "validation MSE", "vs full", "Fréchet distance", "vs full", "class accuracy");

  static final List<String> TIME = List.of("arm", "training", "search", "validation", "speedup");

  private FinetuneTable() {}

  /** Of each column of quality and time side by side; the first is to be aligned left. */
  public static List<String> head() {
    return joined(QUALITY, TIME);
  }

  /** As many cells as the head has, for each arm. */
  public static List<List<String>> rows(FinetuneComparison comparison) {
    return comparison.arms().stream()
        .map(arm -> joined(quality(comparison, arm), time(comparison, arm)))
        .toList();
  }

  private static List<String> joined(List<String> quality, List<String> time) {
    return Stream.concat(quality.stream(), time.stream().skip(1)).toList();
  }

  /** An arm's cells under {@link #QUALITY}. */
  static List<String> quality(FinetuneComparison comparison, String arm) {
    return List.of(
        arm,
        comparison.spread(arm, FinetunedRun::error).format(Numbers::error),
        Numbers.ratio(comparison.errorRatios(arm)),
        comparison.spread(arm, FinetunedRun::frechetDistance).format(Numbers::distance),
        Numbers.difference(comparison.frechetDifferences(arm)),
        comparison.classAccuracy(arm).map(Numbers::percent).orElse(Numbers.NONE));
  }

  /** An arm's cells under {@link #TIME}. */
  static List<String> time(FinetuneComparison comparison, String arm) {
    return List.of(
        arm,
        Numbers.seconds(comparison.spread(arm, FinetunedRun::trainSeconds)),
        Numbers.seconds(comparison.spread(arm, FinetunedRun::searchSeconds)),
        Numbers.seconds(comparison.spread(arm, FinetunedRun::validationSeconds)),
        Numbers.ratio(comparison.speedups(arm)));
  }
}
