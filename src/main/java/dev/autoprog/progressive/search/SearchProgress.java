package dev.autoprog.progressive.search;

import java.util.ArrayList;
import java.util.List;

/**
 * How far a search is: everything that it needs, beside the network itself, to go on as if it had
 * never stopped. Measured times are part of it, since no second measurement would be equal.
 *
 * @param candidates those that are searched, in order
 * @param steps training steps taken, of the search alone
 * @param stepSeconds measured, of the first candidates or of all
 * @param losses probed: of every candidate at the first probe point, then at the second, and so on
 */
public record SearchProgress(
    List<Candidate> candidates, long steps, List<Double> stepSeconds, List<Double> losses) {
  /** Checks that nothing is there before what comes before it. */
  public SearchProgress {
    candidates = List.copyOf(candidates);
    stepSeconds = List.copyOf(stepSeconds);
    losses = List.copyOf(losses);
    int count = candidates.size();
    boolean begun = steps > 0 || !losses.isEmpty();
    if (steps < 0 || stepSeconds.size() > count || begun && stepSeconds.size() < count) {
      throw new IllegalArgumentException(
          String.format(
              "%d candidates, %d times, %d losses, %d steps; times come before steps and losses",
              count, stepSeconds.size(), losses.size(), steps));
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

  /** A candidate's losses, point by point. */
  List<Double> lossesOf(int candidate) {
    List<Double> own = new ArrayList<>();
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

  SearchProgress probed(double loss) {
    return new SearchProgress(candidates, steps, stepSeconds, with(losses, loss));
  }

  private static List<Double> with(List<Double> values, double value) {
    List<Double> longer = new ArrayList<>(values);
    longer.add(value);
    return longer;
  }
}
