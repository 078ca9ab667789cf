package dev.autoprog.progressive.search;

import java.util.Arrays;

/** Ranks of several candidates by one measure, from 1 for the best. */
final class RankVote {
  /** Measures that differ by less than this share of the larger are equal. */
  private static final double TIE = 1e-6;

  private RankVote() {}

  /**
   * The candidates' ranks, smallest value first. Equal values share a rank and the next one gets
   * the next rank: 3, 5, 5, 8 are 1, 2, 2, 3. NaN comes last; all of them share that rank.
   */
  static int[] ascending(double[] values) {
    Integer[] order = new Integer[values.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(values[a], values[b])); // NaN is the greatest
    int[] ranks = new int[values.length];
    int rank = 1;
    for (int i = 0; i < order.length; i++) {
      if (i > 0 && !tied(values[order[i - 1]], values[order[i]])) {
        rank++;
      }
      ranks[order[i]] = rank;
    }
    return ranks;
  }

  /** The candidates' ranks, largest value first; else as {@link #ascending}. */
  static int[] descending(double[] values) {
    return ascending(Arrays.stream(values).map(value -> -value).toArray());
  }

  private static boolean tied(double a, double b) {
    return Double.compare(a, b) == 0 || Math.abs(a - b) <= TIE * Math.max(Math.abs(a), Math.abs(b));
  }
}
