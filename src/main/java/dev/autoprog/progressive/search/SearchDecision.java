package dev.autoprog.progressive.search;

import dev.autoprog.progressive.search.Searchable.Cost;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a search found: the candidate of the least {@code ℓ·T^w}, where ℓ is its mean loss, T its
 * step time, {@code w = max(−b, 0)} and b the exponent of the least squares fit {@code ℓ = a·T^b}
 * over all candidates. Scores within 1e-6 of the least are equal; of equals, the faster wins, then
 * the smaller.
 *
 * <p>Two candidates always lie on their own curve, so that the faster wins whenever the slower is
 * the better.
 *
 * @param table every candidate, in order
 * @param dropped candidates that could not be built
 * @param a the fitted loss at one second; NaN without a fit
 * @param b the fitted exponent; NaN without a fit
 * @param w the weight of time against loss; 0 without a fit
 * @param fallback why there is no fit; empty if there is one
 * @param winner what the stage trains
 * @param reason why it won, a sentence
 */
public record SearchDecision(
    List<Entry> table,
    List<SearchSpace.Dropped> dropped,
    double a,
    double b,
    double w,
    String fallback,
    Candidate winner,
    String reason) {
  private static final double EQUAL_SCORES = 1e-6;
  private static final Comparator<Entry> FASTER_THEN_SMALLER =
      Comparator.comparingDouble(Entry::stepSeconds).thenComparing(Entry::candidate);

  /** Keeps the lists as they are. */
  public SearchDecision {
    table = List.copyOf(table);
    dropped = List.copyOf(dropped);
  }

  /**
   * What is known of a candidate. Where nothing was searched, its numbers are NaN.
   *
   * @param losses at each probe point
   * @param meanLoss ℓ, their mean
   * @param stepSeconds T, of one training step
   * @param score {@code ℓ·(T/T_min)^w}, with the fastest candidate's time: what orders the
   *     candidates as {@code ℓ·T^w} does, as a loss; infinite if the loss is not finite
   * @param cost parameters and FLOPs, where the trainer knows them
   */
  public record Entry(
      Candidate candidate,
      List<Double> losses,
      double meanLoss,
      double stepSeconds,
      double score,
      Cost cost) {
    /** Keeps the losses as they are. */
    public Entry {
      losses = List.copyOf(losses);
    }
  }

  static SearchDecision of(SearchSpace space, SearchProgress progress, List<Cost> costs) {
    List<Candidate> candidates = space.candidates();
    if (candidates.size() == 1) {
      return onlyCandidate(space, costs.get(0));
    }
    double[] seconds = progress.stepSeconds().stream().mapToDouble(Double::doubleValue).toArray();
    double[] losses = new double[candidates.size()];
    double fastest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < losses.length; i++) {
      losses[i] =
          progress.lossesOf(i).stream().collect(Collectors.averagingDouble(Double::doubleValue));
      fastest = Math.min(fastest, seconds[i]);
    }
    PowerLaw fit = PowerLaw.fit(seconds, losses);
    List<Entry> table = new ArrayList<>();
    for (int i = 0; i < losses.length; i++) {
      double score =
          Double.isFinite(losses[i])
              ? losses[i] * Math.pow(seconds[i] / fastest, fit.w())
              : Double.POSITIVE_INFINITY;
      table.add(
          new Entry(
              candidates.get(i), progress.lossesOf(i), losses[i], seconds[i], score, costs.get(i)));
    }
    double least = table.stream().mapToDouble(Entry::score).min().orElseThrow();
    double limit = least + EQUAL_SCORES * Math.abs(least);
    List<Entry> best =
        table.stream().filter(entry -> entry.score() <= limit).sorted(FASTER_THEN_SMALLER).toList();
    Candidate winner = best.get(0).candidate();
    String reason = reason(table, best, fit);
    return new SearchDecision(
        table, space.dropped(), fit.a(), fit.b(), fit.w(), fit.failure(), winner, reason);
  }

  private static SearchDecision onlyCandidate(SearchSpace space, Cost cost) {
    Candidate candidate = space.candidates().get(0);
    return new SearchDecision(
        List.of(new Entry(candidate, List.of(), Double.NaN, Double.NaN, Double.NaN, cost)),
        space.dropped(),
        Double.NaN,
        Double.NaN,
        0,
        "there is one candidate",
        candidate,
        candidate + " is the only candidate: nothing was searched.");
  }

  private static String reason(List<Entry> table, List<Entry> best, PowerLaw fit) {
    Entry winner = best.get(0);
    String time = fit.w() == 0 ? "" : format(" · time^%.3g", fit.w());
    if (!Double.isFinite(winner.score())) {
      return winner.candidate() + " is the fastest; no candidate has a finite loss.";
    }
    if (best.size() > 1) {
      Entry second = best.get(1);
      return format(
          "%s has the least loss%s, %.5g, as has %s, and is %s.",
          winner.candidate(),
          time,
          winner.score(),
          second.candidate(),
          winner.stepSeconds() < second.stepSeconds() ? "faster" : "smaller");
    }
    Entry next =
        table.stream()
            .filter(entry -> !entry.equals(winner))
            .min(Comparator.comparingDouble(Entry::score))
            .orElseThrow();
    return format(
        "%s has the least loss%s, %.5g; next is %s with %.5g.",
        winner.candidate(), time, winner.score(), next.candidate(), next.score());
  }

  /** The table for a terminal, the fit and the reason below it. */
  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(format("%-20s %10s %10s %10s%n", "candidate", "loss", "s/step", "score"));
    for (Entry entry : table) {
      text.append(
          format(
              "%-20s %10.5g %10.5g %10.5g%n",
              entry.candidate(), entry.meanLoss(), entry.stepSeconds(), entry.score()));
    }
    text.append(
        fallback.isEmpty()
            ? format("loss = %.5g · time^%.3g, w = %.3g%n", a, b, w)
            : format("w = 0: %s%n", fallback));
    return text.append(reason).toString();
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
