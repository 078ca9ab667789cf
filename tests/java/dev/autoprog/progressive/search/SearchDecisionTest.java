package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.progressive.search.SearchDecision.Entry;
import dev.autoprog.progressive.search.SearchSpace.Dropped;
import dev.autoprog.progressive.search.Searchable.Cost;
import java.util.Collections;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SearchDecisionTest {
  private static final Candidate SMALL = new Candidate(16, 2);
  private static final Candidate DEEP = new Candidate(16, 4);
  private static final Candidate LARGE = new Candidate(32, 2);
  private static final List<Dropped> DROPPED =
      List.of(new Dropped(new Candidate(20, 2), "not whole"));

  /** Losses at one probe point. */
  private static SearchDecision decide(List<Double> seconds, Double... losses) {
    return decide(0, seconds, losses);
  }

  private static SearchDecision decide(
      double leastTimeWeight, List<Double> seconds, Double... losses) {
    List<Candidate> all = List.of(SMALL, DEEP, LARGE).subList(0, losses.length);
    return SearchDecision.of(
        new SearchSpace(0, 2, all, DROPPED),
        new SearchProgress(all, 5, seconds, Stream.of(losses).map(List::of).toList()),
        Collections.nCopies(losses.length, Cost.UNKNOWN),
        leastTimeWeight);
  }

  @Test
  void theTableHoldsWhatWasMeasuredAndTheLeastScoreWins() {
    List<Candidate> all = List.of(SMALL, DEEP, LARGE);
    List<Double> seconds = List.of(0.1, 0.2, 0.4);
    // means 1, 0.5 and 0.45: the second lies below any curve through the others
    List<Double> losses = List.of(1.02, 0.51, 0.459, 0.98, 0.49, 0.441);
    Cost cost = new Cost(10, 20);
    SearchDecision decision =
        SearchDecision.of(
            new SearchSpace(0, 2, all, DROPPED),
            new SearchProgress(all, 5, seconds, losses.stream().map(List::of).toList()),
            List.of(Cost.UNKNOWN, cost, Cost.UNKNOWN),
            0);
    Entry deep = decision.table().get(1);
    assertThat(decision.table()).extracting(Entry::candidate).isEqualTo(all);
    assertThat(deep.losses()).containsExactly(0.51, 0.49);
    assertThat(deep.meanLoss()).isEqualTo(0.5);
    assertThat(deep.stepSeconds()).isEqualTo(0.2);
    assertThat(deep.cost()).isEqualTo(cost);
    assertThat(decision.dropped()).isEqualTo(DROPPED);
    assertThat(decision.fallback()).isEmpty();
    PowerLaw fit = PowerLaw.fit(new double[] {0.1, 0.2, 0.4}, new double[] {1, 0.5, 0.45});
    assertThat(decision.w())
        .isPositive()
        .isCloseTo(-fit.b(), within(1e-9))
        .isEqualTo(-decision.b());
    assertThat(decision.a()).isCloseTo(fit.a(), within(1e-9));
    assertThat(deep.score()).isCloseTo(0.5 * Math.pow(2, fit.w()), within(1e-9));
    assertThat(decision.table().get(2).score())
        .isCloseTo(0.45 * Math.pow(4, fit.w()), within(1e-9));
    assertThat(decision.winner()).isEqualTo(DEEP);
    assertThat(decision.reason())
        .startsWith("16 px, 4 blocks has the least loss · time^0.69")
        .contains("next is 16 px, 2 blocks with 1.");
    assertThat(decision.toString())
        .contains("16 px, 4 blocks", "0.5", "w = 0.69")
        .endsWith(decision.reason());
  }

  /** 0.9·T^−0.5 everywhere but at one inner candidate, 5 % below, which wins. */
  @Test
  void whateverLiesBelowTheCurveWins() {
    List<Candidate> all = IntStream.rangeClosed(1, 9).mapToObj(i -> new Candidate(16, i)).toList();
    List<Double> seconds = all.stream().map(candidate -> 0.1 * candidate.depth()).toList();
    for (Candidate low : all.subList(1, 8)) {
      List<Double> losses =
          all.stream()
              .map(c -> 0.9 * Math.pow(0.1 * c.depth(), -0.5) * (c.equals(low) ? 0.95 : 1))
              .toList();
      SearchDecision decision =
          SearchDecision.of(
              new SearchSpace(0, 1, all, List.of()),
              new SearchProgress(all, 0, seconds, losses.stream().map(List::of).toList()),
              Collections.nCopies(all.size(), Cost.UNKNOWN),
              0);
      assertThat(decision.w()).isCloseTo(0.5, within(0.1));
      assertThat(decision.winner()).isEqualTo(low);
    }
  }

  @Test
  void whereSlowerIsNotBetterTheLeastLossWins() {
    SearchDecision decision = decide(List.of(0.1, 0.2, 0.4), 1.0, 0.99, 1.5);
    assertThat(decision.fallback()).isEmpty();
    assertThat(decision.b()).isPositive();
    assertThat(decision.w()).isZero();
    assertThat(decision.winner()).isEqualTo(DEEP);
    assertThat(decision.reason())
        .isEqualTo(
            "16 px, 4 blocks has the least loss, 0.99000; next is 16 px, 2 blocks with 1.0000.");
  }

  @Test
  void aSlowerCandidateMustBeBetterByTheLeastWeightOfTime() {
    List<Double> seconds = List.of(0.1, 0.2, 0.4);
    // the fit's own weight is 0 for these
    assertThat(decide(0.09, seconds, 1.0, 0.93, 1.5).winner()).isEqualTo(DEEP);
    SearchDecision decision = decide(0.11, seconds, 1.0, 0.93, 1.5);
    assertThat(decision.b()).isPositive();
    assertThat(decision.w()).isEqualTo(0.11);
    assertThat(decision.table().get(1).score()).isCloseTo(0.93 * Math.pow(2, 0.11), within(1e-12));
    assertThat(decision.winner()).isEqualTo(SMALL);
    assertThat(decision.reason()).contains("has the least loss · time^0.110, 1.0000");
    // a steeper fit keeps its weight
    assertThat(decide(0.11, seconds, 1.0, 0.7, 0.5).w())
        .isEqualTo(decide(0, seconds, 1.0, 0.7, 0.5).w())
        .isGreaterThan(0.4);
  }

  @Test
  void withoutAFitTheLeastWeightOfTimeStands() {
    SearchDecision decision = decide(0.2, List.of(0.2, 0.2, 0.2), 0.5, 0.4, 0.6);
    assertThat(decision.w()).isEqualTo(0.2);
    assertThat(decision.toString()).contains("w = 0.200: all step times are equal");
  }

  @Test
  void twoCandidatesLieOnTheirCurveAndTheFasterWins() {
    SearchDecision decision = decide(List.of(0.4, 0.1), 0.5, 1.7);
    assertThat(decision.fallback()).isEmpty();
    assertThat(decision.table().get(0).score())
        .isCloseTo(decision.table().get(1).score(), within(1e-7));
    assertThat(decision.winner()).isEqualTo(DEEP);
    assertThat(decision.reason())
        .contains("16 px, 4 blocks, with", "cannot be told from it (± 0.0) and is faster.");
  }

  @Test
  void equalTimesFallBackToTheLeastLoss() {
    SearchDecision decision = decide(List.of(0.2, 0.2, 0.2), 0.5, 0.4, 0.6);
    assertThat(decision.fallback()).isEqualTo("all step times are equal");
    assertThat(decision.w()).isZero();
    assertThat(decision.a()).isNaN();
    assertThat(decision.winner()).isEqualTo(DEEP);
    assertThat(decision.toString()).contains("w = 0.00: all step times are equal");
  }

  @Test
  void equalScoresAndTimesGoToTheSmaller() {
    SearchDecision decision = decide(List.of(0.2, 0.2, 0.2), 0.6, 0.4, 0.4);
    assertThat(decision.winner()).isEqualTo(DEEP);
    assertThat(decision.reason())
        .contains("16 px, 4 blocks has the least loss, 0.40000; next is 32 px, 2 blocks with 0.4");
  }

  @Test
  void scoresThatDifferByMoreThanATieAreNotEqual() {
    assertThat(decide(List.of(0.2, 0.2, 0.2), 0.4 * (1 + 5e-6), 0.4, 0.4).winner()).isEqualTo(DEEP);
    assertThat(decide(List.of(0.2, 0.2, 0.2), 0.4 * (1 + 5e-7), 0.4, 0.4).winner())
        .isEqualTo(SMALL);
  }

  /** The losses of SMALL, DEEP and LARGE in each of four batches, at two probe points. */
  private static SearchDecision decide(double[][] first, double[][] second) {
    List<Candidate> all = List.of(SMALL, DEEP, LARGE);
    List<List<Double>> losses =
        Stream.of(first, second)
            .flatMap(Stream::of)
            .map(batches -> DoubleStream.of(batches).boxed().toList())
            .toList();
    return SearchDecision.of(
        new SearchSpace(0, 2, all, DROPPED),
        new SearchProgress(all, 5, List.of(0.1, 0.2, 0.3), losses),
        Collections.nCopies(3, Cost.UNKNOWN),
        0);
  }

  /** DEEP is better by 0.02 on average: by -0.04, 0, 0.04 and 0.08 in the four batches. */
  @Test
  void ofCandidatesThatTheBatchesCannotTellApartTheFastestWins() {
    SearchDecision decision =
        decide(
            new double[][] {{2.00, 4, 1.00, 3}, {2.04, 4, 0.96, 2.92}, {4, 4, 4, 4}},
            new double[][] {{1.00, 2, 0.50, 1}, {1.04, 2, 0.46, 0.92}, {2, 2, 2, 2}});
    assertThat(decision.w()).isZero();
    Entry small = decision.table().get(0);
    assertThat(small.losses()).containsExactly(2.5, 1.125);
    assertThat(small.score() - decision.table().get(1).score()).isCloseTo(0.02, within(1e-12));
    // the differences' variance is 0.008 / 3 over the batches, and 0 over the points
    assertThat(small.error()).isCloseTo(Math.sqrt(0.008 / 3 / 4), within(1e-12));
    assertThat(decision.table().get(1).error()).isZero();
    assertThat(decision.winner()).isEqualTo(SMALL);
    assertThat(decision.reason())
        .isEqualTo(
            "16 px, 4 blocks has the least loss, 1.7925, but 16 px, 2 blocks, with 1.8125, cannot be"
                + " told from it (± 0.026) and is faster.");
    assertThat(decision.toString()).contains("± least", "0.026");
  }

  /** DEEP is better by 0.06 at the one point and worse by 0.02 at the other, in every batch. */
  @Test
  void norThoseThatTheProbesCannot() {
    SearchDecision decision =
        decide(
            new double[][] {{2.06, 4.06, 1.06, 3.06}, {2, 4, 1, 3}, {4, 4, 4, 4}},
            new double[][] {{0.98, 1.98, 0.48, 0.98}, {1, 2, 0.5, 1}, {2, 2, 2, 2}});
    Entry small = decision.table().get(0);
    assertThat(small.score() - decision.table().get(1).score()).isCloseTo(0.02, within(1e-12));
    assertThat(small.error()).isCloseTo(Math.sqrt(0.0032 / 2), within(1e-12));
    assertThat(decision.winner()).isEqualTo(SMALL);
  }

  /** The batches differ much more than that, but DEEP is better in each of them. */
  @Test
  void whatIsBetterInEveryBatchWins() {
    SearchDecision decision =
        decide(
            new double[][] {{2.00, 4, 1.00, 3}, {1.98, 3.97, 0.99, 2.98}, {4, 4, 4, 4}},
            new double[][] {{1.00, 2, 0.50, 1}, {0.98, 1.97, 0.49, 0.98}, {2, 2, 2, 2}});
    assertThat(decision.w()).isZero();
    assertThat(decision.winner()).isEqualTo(DEEP);
  }

  @Test
  void aLossThatIsNotFiniteNeverWins() {
    for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      SearchDecision decision = decide(List.of(0.1, 0.2, 0.4), bad, 0.9, 0.8);
      assertThat(decision.fallback()).isEqualTo("a loss is not finite");
      assertThat(decision.table().get(0).score()).isInfinite();
      assertThat(decision.winner()).isEqualTo(LARGE);
    }
    SearchDecision none = decide(List.of(0.3, 0.2, 0.4), Double.NaN, Double.NaN, Double.NaN);
    assertThat(none.winner()).isEqualTo(DEEP);
    assertThat(none.reason()).contains("no candidate has a finite loss");
  }

  @Test
  void lossesBelowZeroAreComparedAsTheyAre() {
    SearchDecision decision = decide(List.of(0.1, 0.2, 0.4), 0.1, -0.3, -0.2);
    assertThat(decision.fallback()).isEqualTo("a loss is not above 0");
    assertThat(decision.winner()).isEqualTo(DEEP);
  }

  /** Times^w alone would be 1e-213 and less. */
  @Test
  void scoresAreNumbersOfTheLossesSizeHoweverSteepTheCurve() {
    SearchDecision decision = decide(List.of(1e-3, 1.01e-3, 1.02e-3), 1.0, 0.5, 0.24);
    assertThat(decision.w()).isCloseTo(71, within(1.0));
    assertThat(decision.table()).allMatch(entry -> entry.score() > 0.9 && entry.score() < 1.1);
    assertThat(decision.winner()).isEqualTo(LARGE);
  }
}
