package dev.autoprog.progressive.search;

import dev.autoprog.progressive.search.Searchable.Cost;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.stat.StatUtils;

/**
 * What a search found: the candidate of the least {@code ℓ·T^w}, where ℓ is its mean loss, T its
 * step time, {@code w = max(−b, least)}, b the exponent of the least squares fit {@code ℓ = a·T^b}
 * over all candidates and {@code least} the search's least weight of time (0 in Li et al. 2022). Of
 * those that cannot be told from it the fastest wins, then the smallest: those whose score is above
 * the least by at most two standard errors of the difference. How sure a difference is can be seen
 * from batch to batch, since all candidates are probed on the same ones, and from probe to probe,
 * between which the supernet goes on training. Without that rule noise would decide wherever w is
 * 0. (Breiman et al. 1984, §3.4.3, take the simplest within one.)
 *
 * <p>The fitted weight asks of a slower candidate what the others give on average for its time, so
 * that those on the curve score alike and the ones below it win: two always lie on their own curve,
 * and of several, small deviations decide. A least weight says what a slower candidate must give at
 * any rate.
 *
 * @param table every candidate, in order
 * @param dropped candidates that could not be built
 * @param a the fitted loss at one second; NaN without a fit
 * @param b the fitted exponent; NaN without a fit
 * @param w the weight of time against loss; the least one without a fit
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
  /** Below this share of the least score a difference is rounding. */
  private static final double ROUNDING = 1e-6;

  /** Standard errors that chance exceeds in one case of 20. */
  private static final double SURE = 2;

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
   * @param losses at each probe point, over its batches
   * @param meanLoss ℓ, their mean
   * @param stepSeconds T, of one training step
   * @param score {@code ℓ·(T/T_min)^w}, with the fastest candidate's time: what orders the
   *     candidates as {@code ℓ·T^w} does, as a loss; infinite if the loss is not finite
   * @param error standard error of the score's difference from the least; 0 for the least itself,
   *     NaN if the score is not finite
   * @param cost parameters and FLOPs, where the trainer knows them
   */
  public record Entry(
      Candidate candidate,
      List<Double> losses,
      double meanLoss,
      double stepSeconds,
      double score,
      double error,
      Cost cost) {
    /** Keeps the losses as they are. */
    public Entry {
      losses = List.copyOf(losses);
    }
  }

  static SearchDecision of(
      SearchSpace space, SearchProgress progress, List<Cost> costs, double leastTimeWeight) {
    List<Candidate> candidates = space.candidates();
    if (candidates.size() == 1) {
      return onlyCandidate(space, costs.get(0));
    }
    double[] seconds = progress.stepSeconds().stream().mapToDouble(Double::doubleValue).toArray();
    double fastest = Arrays.stream(seconds).min().orElseThrow();
    double[] losses =
        IntStream.range(0, seconds.length)
            .mapToDouble(
                i -> mean(progress.lossesOf(i).stream().map(SearchDecision::mean).toList()))
            .toArray();
    PowerLaw fit = PowerLaw.fit(seconds, losses);
    double w = Math.max(fit.w(), leastTimeWeight);
    double[] weights = Arrays.stream(seconds).map(t -> Math.pow(t / fastest, w)).toArray();
    double[] scores = new double[losses.length];
    int least = 0;
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Double.isFinite(losses[i]) ? losses[i] * weights[i] : Double.POSITIVE_INFINITY;
      least = scores[i] < scores[least] ? i : least;
    }
    RealMatrix reference = matrix(progress.lossesOf(least)).scalarMultiply(weights[least]);
    List<Entry> table = new ArrayList<>();
    List<Entry> best = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      RealMatrix scored = matrix(progress.lossesOf(i)).scalarMultiply(weights[i]);
      Entry entry =
          new Entry(
              candidates.get(i),
              progress.lossesOf(i).stream().map(SearchDecision::mean).toList(),
              losses[i],
              seconds[i],
              scores[i],
              standardError(scored.subtract(reference)),
              costs.get(i));
      table.add(entry);
      double tie = SURE * entry.error() + ROUNDING * Math.abs(scores[least]);
      if (scores[i] == scores[least] || scores[i] - scores[least] <= tie) {
        best.add(entry);
      }
    }
    best.sort(FASTER_THEN_SMALLER);
    return new SearchDecision(
        table,
        space.dropped(),
        fit.a(),
        fit.b(),
        w,
        fit.failure(),
        best.get(0).candidate(),
        reason(table, table.get(least), best.get(0), w));
  }

  /**
   * Of the mean of differences, in rows by probe and in columns by batch: the errors that both ways
   * show, together.
   */
  private static double standardError(RealMatrix differences) {
    double squares = 0;
    for (RealMatrix m : List.of(differences, differences.transpose())) {
      int count = m.getRowDimension();
      RealVector means =
          m.operate(new ArrayRealVector(m.getColumnDimension(), 1.0 / m.getColumnDimension()));
      squares += count == 1 ? 0 * means.getEntry(0) : StatUtils.variance(means.toArray()) / count;
    }
    return Math.sqrt(squares);
  }

  private static double mean(List<Double> values) {
    return StatUtils.mean(array(values));
  }

  /** A row for each probe point, a column for each batch. */
  private static RealMatrix matrix(List<List<Double>> points) {
    return new Array2DRowRealMatrix(
        points.stream().map(SearchDecision::array).toArray(double[][]::new), false);
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static SearchDecision onlyCandidate(SearchSpace space, Cost cost) {
    Candidate candidate = space.candidates().get(0);
    return new SearchDecision(
        List.of(
            new Entry(candidate, List.of(), Double.NaN, Double.NaN, Double.NaN, Double.NaN, cost)),
        space.dropped(),
        Double.NaN,
        Double.NaN,
        0,
        "there is one candidate",
        candidate,
        candidate + " is the only candidate: nothing was searched.");
  }

  private static String reason(List<Entry> table, Entry least, Entry winner, double w) {
    if (!Double.isFinite(winner.score())) {
      return winner.candidate() + " is the fastest; no candidate has a finite loss.";
    }
    String what = "the least loss" + (w == 0 ? "" : format(" · time^%.3g", w));
    if (!winner.equals(least)) {
      return format(
          "%s has %s, %.5g, but %s, with %.5g, cannot be told from it (± %.2g) and is %s.",
          least.candidate(),
          what,
          least.score(),
          winner.candidate(),
          winner.score(),
          winner.error(),
          winner.stepSeconds() < least.stepSeconds() ? "faster" : "smaller");
    }
    Entry next =
        table.stream()
            .filter(entry -> !entry.equals(winner))
            .min(Comparator.comparingDouble(Entry::score))
            .orElseThrow();
    return format(
        "%s has %s, %.5g; next is %s with %.5g.",
        winner.candidate(), what, winner.score(), next.candidate(), next.score());
  }

  /** The table for a terminal, the fit and the reason below it. */
  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(
            format(
                "%-20s %10s %10s %10s %10s%n", "candidate", "loss", "s/step", "score", "± least"));
    for (Entry entry : table) {
      text.append(
          format(
              "%-20s %10.5g %10.5g %10.5g %10.2g%n",
              entry.candidate(),
              entry.meanLoss(),
              entry.stepSeconds(),
              entry.score(),
              entry.error()));
    }
    text.append(
        fallback.isEmpty()
            ? format("loss = %.5g · time^%.3g, w = %.3g%n", a, b, w)
            : format("w = %.3g: %s%n", w, fallback));
    return text.append(reason).toString();
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
