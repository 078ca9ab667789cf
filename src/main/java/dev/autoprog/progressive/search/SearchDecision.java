package dev.autoprog.progressive.search;

import dev.autoprog.progressive.search.Searchable.Cost;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.util.MathArrays;

/**
 * What a search found: the candidate of the least {@code ℓ·T^w}, where ℓ is its mean loss, T its
 * step time, {@code w = max(−b, 0)} and b the exponent of the least squares fit {@code ℓ = a·T^b}
 * over all candidates. Of the candidates that are as good as that one, the fastest wins, then the
 * smallest: those whose score is above the least by no more than one standard error of this
 * difference, which is known from batch to batch, since all were probed on the same ones. Without
 * that rule (Breiman et al. 1984, §3.4.3: the simplest within one standard error), noise would
 * decide wherever w is 0.
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
  /** Below this share of the least score a difference is rounding. */
  private static final double ROUNDING = 1e-6;

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
   * @param error standard error, over the batches, of the score's difference from the least; 0 for
   *     the least itself or of one batch, NaN if the score is not finite
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

  static SearchDecision of(SearchSpace space, SearchProgress progress, List<Cost> costs) {
    List<Candidate> candidates = space.candidates();
    if (candidates.size() == 1) {
      return onlyCandidate(space, costs.get(0));
    }
    double[] seconds = progress.stepSeconds().stream().mapToDouble(Double::doubleValue).toArray();
    double fastest = Arrays.stream(seconds).min().orElseThrow();
    double[][] batches = new double[seconds.length][];
    double[] losses = new double[seconds.length];
    for (int i = 0; i < losses.length; i++) {
      batches[i] = batchMeans(progress.lossesOf(i));
      losses[i] = StatUtils.mean(batches[i]);
    }
    PowerLaw fit = PowerLaw.fit(seconds, losses);
    double[] scores = new double[losses.length];
    for (int i = 0; i < losses.length; i++) {
      double weight = Math.pow(seconds[i] / fastest, fit.w());
      scores[i] = Double.isFinite(losses[i]) ? losses[i] * weight : Double.POSITIVE_INFINITY;
      batches[i] = Arrays.stream(batches[i]).map(loss -> loss * weight).toArray();
    }
    int least =
        IntStream.range(0, scores.length).reduce(0, (i, j) -> scores[j] < scores[i] ? j : i);
    List<Entry> table = new ArrayList<>();
    List<Entry> best = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      double error = standardError(batches[i], batches[least]);
      List<Double> points =
          progress.lossesOf(i).stream().map(point -> StatUtils.mean(array(point))).toList();
      Entry entry =
          new Entry(
              candidates.get(i), points, losses[i], seconds[i], scores[i], error, costs.get(i));
      table.add(entry);
      double behind = scores[i] - scores[least];
      if (scores[i] == scores[least] || behind <= error + ROUNDING * Math.abs(scores[least])) {
        best.add(entry);
      }
    }
    best.sort(FASTER_THEN_SMALLER);
    return new SearchDecision(
        table,
        space.dropped(),
        fit.a(),
        fit.b(),
        fit.w(),
        fit.failure(),
        best.get(0).candidate(),
        reason(table, table.get(least), best.get(0), fit));
  }

  /** Of each batch, the mean over the probe points. */
  private static double[] batchMeans(List<List<Double>> points) {
    return IntStream.range(0, points.get(0).size())
        .mapToDouble(
            batch -> points.stream().mapToDouble(point -> point.get(batch)).average().orElseThrow())
        .toArray();
  }

  /** Of the mean difference between two rows of measurements, pair by pair. */
  private static double standardError(double[] a, double[] b) {
    double[] differences = MathArrays.ebeSubtract(a, b);
    return differences.length == 1
        ? 0 * differences[0]
        : Math.sqrt(StatUtils.variance(differences) / differences.length);
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

  private static String reason(List<Entry> table, Entry least, Entry winner, PowerLaw fit) {
    if (!Double.isFinite(winner.score())) {
      return winner.candidate() + " is the fastest; no candidate has a finite loss.";
    }
    String what = "the least loss" + (fit.w() == 0 ? "" : format(" · time^%.3g", fit.w()));
    if (!winner.equals(least)) {
      return format(
          "%s has %s, %.5g, but %s, with %.5g, is as good within one standard error, %.2g, and %s.",
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
            : format("w = 0: %s%n", fallback));
    return text.append(reason).toString();
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
