package dev.autoprog.cli.report;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** A comparison of fine-tuning in tables: a row per arm, each number the mean over the seeds. */
public final class FinetuneTable {
  static final List<String> QUALITY =
      List.of("arm", "validation MSE", "vs full", "Fréchet distance", "vs full", "class accuracy");

  static final List<String> TIME = List.of("arm", "training", "search", "validation", "speedup");

  private FinetuneTable() {}

  /** Quality and time, each under its head; the first column is to be aligned left. */
  public static List<List<List<String>>> tables(FinetuneComparison comparison) {
    return List.of(
        table(QUALITY, comparison, arm -> quality(comparison, arm)),
        table(TIME, comparison, arm -> time(comparison, arm)));
  }

  private static List<List<String>> table(
      List<String> head, FinetuneComparison comparison, Function<String, List<String>> cells) {
    return Stream.concat(Stream.of(head), comparison.arms().stream().map(cells)).toList();
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
