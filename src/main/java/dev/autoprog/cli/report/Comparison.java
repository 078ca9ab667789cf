package dev.autoprog.cli.report;

import dev.autoprog.cli.report.RunMetrics.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Complete runs of a classifier side by side, and what they come to.
 *
 * @param runs of every arm and seed, in the order of the arms
 */
public record Comparison(List<ComparedRun> runs) implements Arms<ComparedRun> {
  private static final int COARSE = 5;
  private static final int PERCENT = 100;

  /** Keeps the runs as they are. */
  public Comparison {
    runs = List.copyOf(runs);
  }

  /** By seed, the arm's test accuracy less the baseline's. */
  public Map<Long, Double> accuracyGains(String arm) {
    return paired(arm, (full, run) -> run.testAccuracy() - full.testAccuracy());
  }

  /**
   * The test accuracies whose first time is worth telling, rising: those that some run reached and
   * some run's first evaluation had not yet, in steps of 5 %, and of 1 % above the last of these.
   */
  public List<Double> levels() {
    double first = 1;
    double best = 0;
    for (ComparedRun run : runs) {
      List<Evaluation> evaluations = run.metrics().evaluations();
      if (!evaluations.isEmpty()) {
        first = Math.min(first, evaluations.get(0).accuracy());
      }
      for (Evaluation evaluation : evaluations) {
        best = Math.max(best, evaluation.accuracy());
      }
    }
    List<Double> levels = new ArrayList<>();
    int lastCoarse = (int) Math.floor(best * PERCENT / COARSE) * COARSE;
    for (int percent = 1; percent <= PERCENT; percent++) {
      double level = (double) percent / PERCENT;
      boolean told = percent % COARSE == 0 || percent > lastCoarse;
      if (told && level > first && level <= best) {
        levels.add(level);
      }
    }
    return levels;
  }

  /**
   * How long an arm took to a test accuracy; empty unless every run of it got there.
   *
   * @param accuracy in 0 … 1
   */
  public Optional<Spread> secondsTo(String arm, double accuracy) {
    List<Double> seconds = new ArrayList<>();
    for (ComparedRun run : of(arm)) {
      OptionalDouble reached = run.metrics().secondsTo(accuracy);
      if (reached.isEmpty()) {
        return Optional.empty();
      }
      seconds.add(reached.getAsDouble());
    }
    return Optional.of(Spread.of(seconds));
  }
}
