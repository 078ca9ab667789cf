package dev.autoprog.cli.report;

import java.util.ArrayList;
import java.util.List;

/** The comparison in a table: a row per arm, each number the mean over the seeds. */
public final class ResultTable {
  private ResultTable() {}

  /** Of each column; the first is to be aligned left. */
  public static List<String> head() {
    return List.of(
        "arm", "test accuracy", "points vs full", "training", "search", "evaluation", "speedup");
  }

  /** As many cells as the head has, for each arm. */
  public static List<List<String>> rows(Comparison comparison) {
    List<List<String>> rows = new ArrayList<>();
    for (String arm : comparison.arms()) {
      rows.add(
          List.of(
              arm,
              Numbers.percent(comparison.spread(arm, ComparedRun::testAccuracy)),
              Numbers.points(comparison.accuracyGains(arm)),
              Numbers.seconds(comparison.spread(arm, ComparedRun::trainSeconds)),
              Numbers.seconds(comparison.spread(arm, ComparedRun::searchSeconds)),
              Numbers.seconds(comparison.spread(arm, ComparedRun::evaluationSeconds)),
              Numbers.ratio(comparison.speedups(arm))));
    }
    return rows;
  }
}
