package dev.autoprog.progressive.search;

import dev.autoprog.progressive.search.Measurable.Trainability;
import dev.autoprog.progressive.search.Searchable.Cost;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What a zero-shot search found: the candidate of the least vote, a weighted sum of ranks; of equal
 * votes the fastest, then the first.
 *
 * @param table every candidate, in the order in which they were given
 * @param winner what the stage trains
 * @param reason why it won, a sentence
 */
public record ZeroShotDecision<C>(List<Entry<C>> table, C winner, String reason) {
  /** Votes are sums of a few ranks: what is below this is rounding. */
  private static final double ROUNDING = 1e-9;

  /** Keeps the table as it is. */
  public ZeroShotDecision {
    table = List.copyOf(table);
  }

  /**
   * What was measured of a candidate.
   *
   * @param stepSeconds of one training step
   * @param trainability by the neural tangent kernel
   * @param zico ZiCo
   * @param cost parameters and FLOPs, which decide nothing: the plain measures beside them
   */
  public record Measures(double stepSeconds, Trainability trainability, double zico, Cost cost) {}

  /**
   * A candidate's ranks, from 1; equals share one. 0 where nothing was searched.
   *
   * @param time of its step time
   * @param ntk of its condition number
   * @param zico of its ZiCo
   * @param vote their weighted sum
   */
  public record Ranks(int time, int ntk, int zico, double vote) {}

  /** A candidate with all that is known of it; without a search, its measures are NaN. */
  public record Entry<C>(C candidate, Measures measures, Ranks ranks) {}

  static <C> ZeroShotDecision<C> only(C candidate, Cost cost) {
    Measures none = new Measures(Double.NaN, Trainability.none("not measured"), Double.NaN, cost);
    return new ZeroShotDecision<>(
        List.of(new Entry<>(candidate, none, new Ranks(0, 0, 0, 0))),
        candidate,
        candidate + " is the only candidate: nothing was searched.");
  }

  static <C> ZeroShotDecision<C> of(
      List<C> candidates, List<Measures> measures, ZeroShotSearch.Weights weights) {
    int[] time = RankVote.ascending(measures.stream().mapToDouble(Measures::stepSeconds).toArray());
    int[] ntk =
        RankVote.ascending(measures.stream().mapToDouble(m -> m.trainability().kappa()).toArray());
    int[] zico = RankVote.descending(measures.stream().mapToDouble(Measures::zico).toArray());
    List<Entry<C>> table = new ArrayList<>();
    for (int i = 0; i < measures.size(); i++) {
      double vote = weights.time() * time[i] + weights.ntk() * ntk[i] + weights.zico() * zico[i];
      Ranks ranks = new Ranks(time[i], ntk[i], zico[i], vote);
      table.add(new Entry<>(candidates.get(i), measures.get(i), ranks));
    }
    double least = table.stream().mapToDouble(e -> e.ranks().vote()).min().orElseThrow();
    List<Entry<C>> best = table.stream().filter(e -> e.ranks().vote() <= least + ROUNDING).toList();
    Entry<C> winner =
        best.stream()
            .min(Comparator.comparingDouble(e -> e.measures().stepSeconds()))
            .orElseThrow();
    String reason =
        table.size() == 1
            ? winner.candidate() + " is the only candidate: there is none to compare it with."
            : reason(winner, best);
    return new ZeroShotDecision<>(table, winner.candidate(), reason);
  }

  private static <C> String reason(Entry<C> winner, List<Entry<C>> best) {
    Ranks ranks = winner.ranks();
    String text =
        String.format(
            Locale.ROOT,
            "%s has the least vote, %s: it is %s by time, %s by NTK and %s by ZiCo",
            winner.candidate(),
            ranks.vote(),
            place(ranks.time()),
            place(ranks.ntk()),
            place(ranks.zico()));
    return best.size() == 1 ? text + "." : text + "; of " + best.size() + " such, the fastest.";
  }

  private static String place(int rank) {
    return switch (rank) {
      case 1 -> "first";
      case 2 -> "second";
      case 3 -> "third";
      default -> rank + "th";
    };
  }

  /** The table for a terminal, the reason below it. */
  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                "%-24s %10s %12s %10s %6s %6s %6s %8s%n",
                "candidate", "s/step", "NTK κ", "ZiCo", "r(T)", "r(κ)", "r(Z)", "vote"));
    for (Entry<C> entry : table) {
      Measures m = entry.measures();
      Ranks ranks = entry.ranks();
      String kappa =
          m.trainability().obstacle().isEmpty()
              ? String.format(Locale.ROOT, "%.4g", m.trainability().kappa())
              : "none";
      text.append(
          String.format(
              Locale.ROOT,
              "%-24s %10.4g %12s %10.5g %6d %6d %6d %8.2f%n",
              entry.candidate(),
              m.stepSeconds(),
              kappa,
              m.zico(),
              ranks.time(),
              ranks.ntk(),
              ranks.zico(),
              ranks.vote()));
    }
    return text.append(reason).toString();
  }
}
