package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.progressive.search.OneShotSearch.Settings;
import dev.autoprog.progressive.search.SearchDecision.Entry;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Searches with a network that really learns, from beginning to end. */
class ToySearchTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Predicate<SearchProgress> ALWAYS = progress -> true;
  private static final List<Candidate> MANUAL =
      List.of(new Candidate(2, 1), new Candidate(4, 2), new Candidate(8, 3), new Candidate(8, 5));
  private static final SearchSpace FIRST = SearchSpace.first(MANUAL, ToyNetwork.WHOLE_GROUPS);
  private static final SearchSpace SECOND =
      SearchSpace.next(MANUAL, 1, new Candidate(4, 2), ToyNetwork.WHOLE_GROUPS);

  private static OneShotSearch search(SearchSpace space, GrowthOperator operator) {
    return new OneShotSearch(space, operator, new Settings(2, 3, 4, 0, true, 42));
  }

  private static OneShotSearch returning(SearchSpace space, GrowthOperator operator) {
    return new OneShotSearch(space, operator, new Settings(2, 3, 4, 0, false, 42));
  }

  @Test
  void lossFallsWithResolutionAndDepthAndTheDecisionIsTheLeastScore() {
    SearchSpace space = SearchSpace.first(MANUAL, ToyNetwork.WHOLE_GROUPS);
    ToyNetwork network = new ToyNetwork(space.supernetDepth(), 1500, ALWAYS);
    SearchDecision decision =
        new OneShotSearch(space, GrowthOperator.MOMENTUM, new Settings(2, 20, 4, 0, true, 1))
            .run(network)
            .orElseThrow();
    Entry smallest = entry(decision, 2, 1);
    Entry deepest = entry(decision, 2, 5);
    Entry finest = entry(decision, 8, 1);
    Entry largest = entry(decision, 8, 5);
    assertThat(finest.meanLoss()).isLessThan(0.9 * smallest.meanLoss());
    assertThat(largest.meanLoss()).isLessThan(0.9 * finest.meanLoss());
    assertThat(largest.meanLoss()).isLessThan(0.9 * deepest.meanLoss());
    assertThat(largest.losses()).hasSize(5);
    assertThat(largest.losses().get(4)).isLessThan(largest.losses().get(0));
    assertThat(decision.fallback()).isEmpty();
    assertThat(decision.w()).isPositive();
    // what resolution is worth is far more than it costs; what depth is worth, about that
    assertThat(decision.winner().resolution()).isEqualTo(8);
    Entry winner = entry(decision, decision.winner());
    double least = decision.table().stream().mapToDouble(Entry::score).min().orElseThrow();
    assertThat(winner.score()).isLessThanOrEqualTo(least * (1 + 2e-6) + 2 * winner.error());
    assertThat(decision.table())
        .filteredOn(entry -> entry.stepSeconds() < winner.stepSeconds())
        .allMatch(entry -> entry.score() > least + 2 * entry.error());
    assertThat(decision.table())
        .allMatch(entry -> Math.abs(entry.score() / relativeScore(decision, entry) - 1) < 1e-9)
        .allMatch(entry -> entry.cost().parameters() == 8 + 2 * entry.candidate().depth());
    assertThat(network.depth()).isEqualTo(decision.winner().depth());
    assertThat(network.resolution()).isEqualTo(decision.winner().resolution());
    assertThat(network.steps()).isEqualTo(3000);
  }

  private static double relativeScore(SearchDecision decision, Entry entry) {
    double fastest = decision.table().stream().mapToDouble(Entry::stepSeconds).min().orElseThrow();
    return entry.meanLoss() * Math.pow(entry.stepSeconds() / fastest, decision.w());
  }

  private static Entry entry(SearchDecision decision, int resolution, int depth) {
    return entry(decision, new Candidate(resolution, depth));
  }

  private static Entry entry(SearchDecision decision, Candidate candidate) {
    return decision.table().stream()
        .filter(entry -> entry.candidate().equals(candidate))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void interruptedAtAnyPointASecondStageEndsTheSame(GrowthOperator operator)
      throws JsonProcessingException {
    ToyNetwork beginning = new ToyNetwork(2, 12, ALWAYS);
    // 4 candidates: 4 times, 5 probes of each, 2 epochs of 12 steps
    interruptEverywhere(search(SECOND, operator), beginning, 4 + 5 * 4 + 24);
    interruptEverywhere(returning(SECOND, operator), beginning, 4 + 5 * 4 + 24);
  }

  /** What it becomes is what growing to its depth alone would have built. */
  @ParameterizedTest
  @EnumSource
  void withoutInheritanceASearchLeavesNothingBehind(GrowthOperator operator) {
    ToyNetwork searched = new ToyNetwork(2, 12, ALWAYS);
    searched.step(SubNetwork.of(operator, operator.map(2, 2), new Candidate(4, 2)));
    ToyNetwork grown = searched.copy(ALWAYS);
    Candidate winner = returning(SECOND, operator).run(searched).orElseThrow().winner();
    GrowthMap map = operator.map(2, winner.depth());
    if (winner.depth() > 2) {
      grown.grow(map);
    }
    grown.adopt(SubNetwork.of(operator, map, winner));
    assertThat(searched.state()).isEqualTo(grown.state());
  }

  @Test
  void interruptedAtAnyPointAFirstStageEndsTheSame() throws JsonProcessingException {
    ToyNetwork beginning = new ToyNetwork(FIRST.supernetDepth(), 12, ALWAYS);
    interruptEverywhere(search(FIRST, GrowthOperator.MOMENTUM), beginning, 9 + 5 * 9 + 24);
  }

  private static void interruptEverywhere(OneShotSearch search, ToyNetwork beginning, int pieces)
      throws JsonProcessingException {
    AtomicInteger done = new AtomicInteger();
    ToyNetwork whole =
        beginning.copy(
            progress -> {
              done.incrementAndGet();
              return true;
            });
    SearchDecision expected = search.run(whole).orElseThrow();
    assertThat(done).hasValue(pieces);
    for (int stop = 1; stop <= pieces; stop++) {
      AtomicReference<SearchProgress> kept = new AtomicReference<>();
      AtomicInteger left = new AtomicInteger(stop);
      ToyNetwork interrupted =
          beginning.copy(
              progress -> {
                kept.set(progress);
                return left.decrementAndGet() > 0;
              });
      assertThat(search.run(interrupted)).isEmpty();
      ToyNetwork resumed = interrupted.copy(ALWAYS);
      assertThat(search.resume(resumed, throughJson(kept.get()))).contains(expected);
      assertThat(resumed.state()).isEqualTo(whole.state());
    }
  }

  @Test
  void stoppedAfterEveryPieceOfWorkItStillEndsTheSame() throws JsonProcessingException {
    ToyNetwork whole = new ToyNetwork(2, 12, ALWAYS);
    OneShotSearch search = search(SECOND, GrowthOperator.MOMENTUM);
    SearchDecision expected = search.run(whole).orElseThrow();
    AtomicReference<SearchProgress> kept = new AtomicReference<>();
    Predicate<SearchProgress> never =
        progress -> {
          kept.set(progress);
          return false;
        };
    ToyNetwork network = new ToyNetwork(2, 12, never);
    Optional<SearchDecision> decision = search.run(network);
    int stops = 0;
    while (decision.isEmpty()) {
      stops++;
      network = network.copy(never);
      decision = search.resume(network, throughJson(kept.get()));
    }
    assertThat(stops).isEqualTo(4 + 5 * 4 + 24);
    assertThat(decision).contains(expected);
    assertThat(network.state()).isEqualTo(whole.state());
  }

  private static SearchProgress throughJson(SearchProgress progress)
      throws JsonProcessingException {
    SearchProgress read = JSON.readValue(JSON.writeValueAsString(progress), SearchProgress.class);
    assertThat(read).isEqualTo(progress);
    return read;
  }

  @Test
  void lossesThatAreNotFiniteSurviveJson() throws JsonProcessingException {
    List<Candidate> candidates = List.of(new Candidate(2, 1), new Candidate(2, 2));
    throughJson(
        new SearchProgress(
            candidates,
            1,
            List.of(0.1, 0.2),
            List.of(List.of(Double.NaN), List.of(Double.NEGATIVE_INFINITY))));
  }

  @Test
  void searchesOfOtherSeedsTakeOtherSteps() {
    ToyNetwork one = new ToyNetwork(2, 12, ALWAYS);
    ToyNetwork other = new ToyNetwork(2, 12, ALWAYS);
    search(SECOND, GrowthOperator.MOMENTUM).run(one);
    new OneShotSearch(SECOND, GrowthOperator.MOMENTUM, new Settings(2, 3, 4, 0, true, 43))
        .run(other);
    assertThat(one.state()).isNotEqualTo(other.state());
  }

  @ParameterizedTest
  @EnumSource
  void aWholeScheduleNeverShrinksAndEndsWithTheFullNetwork(GrowthOperator operator) {
    List<Candidate> manual =
        List.of(new Candidate(2, 2), new Candidate(4, 3), new Candidate(6, 4), new Candidate(8, 6));
    // a row of 8 pixels has no 6 whole groups
    Feasibility divides =
        candidate ->
            ToyNetwork.PIXELS % candidate.resolution() == 0
                ? Optional.empty()
                : Optional.of(candidate.resolution() + " groups of 8 pixels");
    SearchSpace space = SearchSpace.first(manual, divides);
    ToyNetwork network = new ToyNetwork(space.supernetDepth(), 100, ALWAYS);
    Candidate current = new Candidate(1, 1);
    for (int stage = 0; stage < manual.size(); stage++) {
      if (stage > 0) {
        space = SearchSpace.next(manual, stage, current, divides);
      }
      SearchDecision decision = search(space, operator).run(network).orElseThrow();
      assertThat(decision.winner()).isIn(space.candidates());
      assertThat(network.depth())
          .isEqualTo(decision.winner().depth())
          .isGreaterThanOrEqualTo(current.depth());
      assertThat(network.resolution()).isGreaterThanOrEqualTo(current.resolution());
      current = decision.winner();
    }
    assertThat(current).isEqualTo(new Candidate(8, 6));
  }
}
