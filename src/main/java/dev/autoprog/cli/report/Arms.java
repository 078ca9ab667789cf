package dev.autoprog.cli.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/** Complete runs side by side, arm by arm, and what all kinds of them come to. */
public interface Arms<R extends CompleteRun> {
  /** The arm that the others are measured by: the full network throughout. */
  String BASELINE = "full";

  /** Of every arm and seed, in the order of the arms. */
  List<R> runs();

  /** The arms that have a complete run, in order. */
  default List<String> arms() {
    return runs().stream().map(CompleteRun::arm).distinct().toList();
  }

  /** An arm's runs. */
  default List<R> of(String arm) {
    return runs().stream().filter(run -> run.arm().equals(arm)).toList();
  }

  /** A quantity of an arm's runs over the seeds. */
  default Spread spread(String arm, ToDoubleFunction<? super R> quantity) {
    return Spread.of(of(arm).stream().map(quantity::applyAsDouble).toList());
  }

  /**
   * By seed, the baseline's seconds of training and searching over the arm's; seeds that only one
   * of them has are left out.
   */
  default Map<Long, Double> speedups(String arm) {
    return paired(arm, (full, run) -> full.workSeconds() / run.workSeconds());
  }

  /**
   * A quantity of the baseline's run and the arm's, by seed; seeds that only one of them has are
   * left out.
   */
  default Map<Long, Double> paired(String arm, ToDoubleBiFunction<R, R> quantity) {
    Map<Long, R> full = new LinkedHashMap<>();
    of(BASELINE).forEach(run -> full.put(run.seed(), run));
    Map<Long, Double> pairs = new TreeMap<>();
    for (R run : of(arm)) {
      if (full.containsKey(run.seed())) {
        pairs.put(run.seed(), quantity.applyAsDouble(full.get(run.seed()), run));
      }
    }
    return pairs;
  }
}
