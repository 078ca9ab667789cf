package dev.autoprog.progressive.search;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How far a search is: everything that it needs, beside the network itself, to go on as if it had
 * never stopped. Measured times are part of it, since no second measurement would be equal.
 *
 * @param candidates those that are searched, in order
 * @param steps training steps taken, of the search alone
 * @param stepSeconds measured, of the first candidates or of all
 * @param losses probed: of every candidate at the first probe point, then at the second, and so on;
 *     each time of every batch, of which there are always as many
 */
public record SearchProgress(
    List<Candidate> candidates, long steps, List<Double> stepSeconds, List<List<Double>> losses) {
  /** Checks that nothing is there before what comes before it. */
  public SearchProgress {
    candidates = List.copyOf(candidates);
    stepSeconds = List.copyOf(stepSeconds);
    losses = losses.stream().map(List::copyOf).toList();
    int count = candidates.size();
    boolean begun = steps > 0 || !losses.isEmpty();
    if (steps < 0 || stepSeconds.size() > count || begun && stepSeconds.size() < count) {
      throw new IllegalArgumentException(
          String.format(
              "%d candidates, %d times, %d losses, %d steps; times come before steps and losses",
              count, stepSeconds.size(), losses.size(), steps));
    }
    Set<Integer> batches = new HashSet<>(losses.stream().map(List::size).toList());
    if (batches.size() > 1 || batches.contains(0)) {
      throw new IllegalArgumentException(
          "losses of " + batches + " batches, expected of one number of them, at least 1");
    }
  }

  /** Nothing done yet. */
  static SearchProgress beginning(List<Candidate> candidates) {
    return new SearchProgress(candidates, 0, List.of(), List.of());
  }

  /** How many probe points every candidate's loss is known at. */
  public int points() {
    return losses.size() / candidates.size();
  }

  /** A candidate's losses, point by point, each of every batch. */
  List<List<Double>> lossesOf(int candidate) {
    List<List<Double>> own = new ArrayList<>();
    for (int i = candidate; i < losses.size(); i += candidates.size()) {
      own.add(losses.get(i));
    }
    return own;
  }

  SearchProgress stepped() {
    return new SearchProgress(candidates, steps + 1, stepSeconds, losses);
  }

  SearchProgress timed(double seconds) {
    return new SearchProgress(candidates, steps, with(stepSeconds, seconds), losses);
  }

  SearchProgress probed(List<Double> batches) {
    return new SearchProgress(candidates, steps, stepSeconds, with(losses, batches));
  }

  private static <T> List<T> with(List<T> values, T value) {
    List<T> longer = new ArrayList<>(values);
    longer.add(value);
    return longer;
  }
}
