package dev.autoprog.cli.report;

import java.util.ArrayList;
import java.util.List;

/** A comparison of fine-tuning in a table: a row per arm, each number the mean over the seeds. */
public final class FinetuneTable {
  private FinetuneTable() {}

  /** Of each column; the first is to be aligned left. */
  public static List<String> head() {
    return List.of(
        "arm",
        "validation MSE",
        "vs full",
        "Fréchet distance",
        "vs full",
        "class accuracy",
        "training",
        "search",
        "validation",
        "speedup");
  }

  /** As many cells as the head has, for each arm. */
  public static List<List<String>> rows(FinetuneComparison comparison) {
    List<List<String>> rows = new ArrayList<>();
    for (String arm : comparison.arms()) {
      rows.add(
          List.of(
              arm,
              comparison.spread(arm, FinetunedRun::error).format(Numbers::digits),
              Numbers.ratio(comparison.errorRatios(arm)),
              comparison.spread(arm, FinetunedRun::frechetDistance).format(Numbers::digits),
              Numbers.difference(comparison.frechetDifferences(arm)),
              comparison.classAccuracy(arm).map(Numbers::percent).orElse(Numbers.NONE),
              Numbers.seconds(comparison.spread(arm, FinetunedRun::trainSeconds)),
              Numbers.seconds(comparison.spread(arm, FinetunedRun::searchSeconds)),
              Numbers.seconds(comparison.spread(arm, FinetunedRun::validationSeconds)),
              Numbers.ratio(comparison.speedups(arm))));
    }
    return rows;
  }
}
