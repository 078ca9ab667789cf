package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.progressive.search.OneShotSearch.Settings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.math3.stat.inference.ChiSquareTest;
import org.junit.jupiter.api.Test;

class OneShotSearchTest {
  private static final Candidate SMALL = new Candidate(16, 2);
  private static final Candidate LARGE = new Candidate(32, 3);
  private static final SearchSpace TWO = new SearchSpace(1, 2, List.of(SMALL, LARGE), List.of());

  /** Writes down what it is asked to do. */
  private static class Scribe implements Searchable<IOException> {
    private final long stepsPerEpoch;
    private final List<String> calls = new ArrayList<>();
    private int depth;
    private double seconds = 0.1;

    Scribe(int depth, long stepsPerEpoch) {
      this.depth = depth;
      this.stepsPerEpoch = stepsPerEpoch;
    }

    @Override
    public int depth() {
      return depth;
    }

    @Override
    public void grow(GrowthMap map) {
      calls.add("grow " + map);
      depth = map.to();
    }

    @Override
    public long stepsPerEpoch() {
      return stepsPerEpoch;
    }

    @Override
    public void step(SubNetwork network) throws IOException {
      calls.add("step");
    }

    @Override
    public List<Double> losses(SubNetwork network, int batches) {
      calls.add("loss " + network.candidate() + " over " + batches);
      return Collections.nCopies(batches, network.candidate().equals(SMALL) ? 2.0 : 1.0);
    }

    @Override
    public void mark() {
      calls.add("mark");
    }

    @Override
    public void rewind() {
      calls.add("rewind");
    }

    @Override
    public double stepSeconds(SubNetwork network) {
      calls.add("time " + network.candidate());
      return seconds * network.candidate().depth();
    }

    @Override
    public boolean goOn(SearchProgress progress) {
      return true;
    }

    @Override
    public void adopt(SubNetwork network) {
      calls.add("adopt " + network.candidate() + " " + network.blocks());
      depth = network.blocks().size();
    }
  }

  @Test
  void itGrowsThenTimesThenProbesAndTrainsInTurnThenAdopts() throws IOException {
    Scribe scribe = new Scribe(2, 2);
    new OneShotSearch(TWO, GrowthOperator.MOMENTUM, new Settings(2, 7, 2, 0, true, 0)).run(scribe);
    String small = "loss 16 px, 2 blocks over 7";
    String large = "loss 32 px, 3 blocks over 7";
    assertThat(scribe.calls)
        .containsExactly(
            "grow 2 → 3 MOMENTUM: 0 1 1",
            "time 16 px, 2 blocks", // for nothing
            "time 16 px, 2 blocks",
            "time 32 px, 3 blocks",
            "step",
            "step",
            small,
            large,
            "step",
            small,
            large,
            "step",
            small,
            large,
            "adopt 16 px, 2 blocks [0, 1]");
  }

  @Test
  void whatIsNotInheritedIsMarkedBeforeTheFirstStepAndRewoundBehindTheLast() throws IOException {
    Scribe scribe = new Scribe(2, 2);
    new OneShotSearch(TWO, GrowthOperator.MOMENTUM, new Settings(1, 7, 1, 0, false, 0)).run(scribe);
    assertThat(scribe.calls)
        .containsExactly(
            "grow 2 → 3 MOMENTUM: 0 1 1",
            "mark",
            "time 16 px, 2 blocks", // for nothing
            "time 16 px, 2 blocks",
            "time 32 px, 3 blocks",
            "step",
            "step",
            "loss 16 px, 2 blocks over 7",
            "loss 32 px, 3 blocks over 7",
            "rewind",
            "adopt 16 px, 2 blocks [0, 1]");
  }

  @Test
  void withOneCandidateNothingIsMarked() throws IOException {
    Scribe scribe = new Scribe(2, 2);
    SearchSpace one = new SearchSpace(1, 2, List.of(LARGE), List.of());
    new OneShotSearch(one, GrowthOperator.MOMENTUM, new Settings(1, 7, 1, 0, false, 0)).run(scribe);
    assertThat(scribe.calls)
        .containsExactly("grow 2 → 3 MOMENTUM: 0 1 1", "adopt 32 px, 3 blocks [0, 1, 2]");
  }

  @Test
  void thePapersProbePoints() {
    assertThat(Settings.of(0)).isEqualTo(new Settings(2, 50, 4, 0, true, 0));
    assertThat(Settings.of(0).probePoints(100)).containsExactly(100L, 125L, 150L, 175L, 200L);
    assertThat(Settings.of(0).probePoints(35)).containsExactly(35L, 43L, 52L, 61L, 70L);
    assertThat(Settings.of(0).steps(35)).isEqualTo(70);
  }

  @Test
  void probePointsOfOneAndOfThreeEpochs() {
    assertThat(new Settings(1, 50, 4, 0, true, 0).probePoints(100))
        .containsExactly(25L, 50L, 75L, 100L);
    assertThat(new Settings(3, 50, 2, 0, true, 0).probePoints(10)).containsExactly(20L, 25L, 30L);
  }

  @Test
  void aSearchNeedNotBeWholeEpochs() {
    Settings half = new Settings(0.5, 50, 3, 0, true, 0);
    assertThat(half.steps(937)).isEqualTo(469);
    assertThat(half.probePoints(937)).containsExactly(156L, 312L, 469L);
    assertThat(new Settings(1.5, 50, 2, 0, true, 0).probePoints(10)).containsExactly(5L, 10L, 15L);
    assertThat(new Settings(0.01, 50, 4, 0, true, 0).probePoints(10)).containsExactly(1L);
  }

  @Test
  void pointsThatFallTogetherCountOnce() {
    assertThat(new Settings(2, 50, 4, 0, true, 0).probePoints(2)).containsExactly(2L, 3L, 4L);
  }

  @Property
  void probesAreInTheLastEpochAndEndBehindItsLastStep(
      @ForAll @IntRange(min = 1, max = 5) int epochs,
      @ForAll @IntRange(min = 1, max = 8) int probes,
      @ForAll @IntRange(min = 1, max = 1000) int stepsPerEpoch) {
    Settings settings = new Settings(epochs, 1, probes, 0, true, 0);
    List<Long> points = settings.probePoints(stepsPerEpoch);
    assertThat(points).isSorted().doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(probes + 1);
    assertThat(points.get(0)).isPositive().isGreaterThanOrEqualTo(stepsPerEpoch * (epochs - 1L));
    assertThat(points.get(points.size() - 1)).isEqualTo(settings.steps(stepsPerEpoch));
    if (epochs > 1) {
      assertThat(points).contains((epochs - 1L) * stepsPerEpoch);
    }
  }

  @Test
  void everyCandidateIsDrawnEquallyOften() throws IOException {
    List<Candidate> candidates = new ArrayList<>();
    for (int depth = 2; depth < 11; depth++) {
      candidates.add(new Candidate(16, depth));
    }
    for (int stage = 0; stage < 2; stage++) {
      List<Candidate> drawn = draws(new SearchSpace(stage, 2, candidates, List.of()), 9000, 1);
      assertThat(uniformity(candidates, drawn)).isGreaterThan(0.01);
      assertThat(uniformity(pairs(candidates), successive(drawn))).isGreaterThan(0.01);
    }
  }

  @Test
  void theUniformityTestSeesAnUnevenDraw() {
    List<Candidate> drawn = new ArrayList<>();
    for (int i = 0; i < 9000; i++) {
      drawn.add(i % 20 < 11 ? SMALL : LARGE);
    }
    assertThat(uniformity(List.of(SMALL, LARGE), drawn)).isLessThan(0.01);
  }

  @Test
  void stagesAndSeedsDrawDifferently() throws IOException {
    List<Candidate> one = draws(TWO, 64, 1);
    SearchSpace later = new SearchSpace(2, 2, TWO.candidates(), List.of());
    assertThat(draws(TWO, 64, 1)).isEqualTo(one);
    assertThat(draws(TWO, 64, 2)).isNotEqualTo(one);
    assertThat(draws(later, 64, 1)).isNotEqualTo(one);
  }

  private static List<Candidate> draws(SearchSpace space, int steps, long seed) throws IOException {
    List<Candidate> drawn = new ArrayList<>();
    Scribe scribe =
        new Scribe(space.supernetDepth(), steps) {
          @Override
          public void step(SubNetwork network) {
            drawn.add(network.candidate());
          }
        };
    new OneShotSearch(space, GrowthOperator.MOMENTUM, new Settings(1, 1, 1, 0, true, seed))
        .run(scribe);
    assertThat(drawn).hasSize(steps);
    return drawn;
  }

  private static List<List<Candidate>> pairs(List<Candidate> candidates) {
    return candidates.stream()
        .flatMap(first -> candidates.stream().map(second -> List.of(first, second)))
        .toList();
  }

  private static List<List<Candidate>> successive(List<Candidate> drawn) {
    List<List<Candidate>> pairs = new ArrayList<>();
    for (int i = 0; i + 1 < drawn.size(); i += 2) {
      pairs.add(drawn.subList(i, i + 2));
    }
    return pairs;
  }

  /** The p-value of Pearson's test that all are equally likely. */
  private static <T> double uniformity(List<T> possible, List<T> drawn) {
    Map<T, Long> counts = new LinkedHashMap<>();
    possible.forEach(value -> counts.put(value, 0L));
    drawn.forEach(value -> counts.merge(value, 1L, Long::sum));
    double[] expected = new double[possible.size()];
    Arrays.fill(expected, (double) drawn.size() / possible.size());
    long[] observed = counts.values().stream().mapToLong(Long::longValue).toArray();
    return new ChiSquareTest().chiSquareTest(expected, observed);
  }

  @Test
  void oneCandidateIsAdoptedWithoutAStep() throws IOException {
    Scribe scribe = new Scribe(2, 100);
    SearchSpace last = new SearchSpace(3, 2, List.of(LARGE), List.of());
    SearchDecision decision =
        new OneShotSearch(last, GrowthOperator.MOMENTUM, Settings.of(0)).run(scribe).orElseThrow();
    assertThat(scribe.calls)
        .containsExactly("grow 2 → 3 MOMENTUM: 0 1 1", "adopt 32 px, 3 blocks [0, 1, 2]");
    assertThat(decision.winner()).isEqualTo(LARGE);
    assertThat(decision.fallback()).isEqualTo("there is one candidate");
    assertThat(decision.reason()).contains("only candidate: nothing was searched");
    assertThat(decision.table()).hasSize(1);
  }

  @Test
  void aNetworkThatIsAlreadyTheSupernetDoesNotGrow() throws IOException {
    Scribe scribe = new Scribe(3, 2);
    new OneShotSearch(TWO, GrowthOperator.MOMENTUM, Settings.of(0)).run(scribe);
    assertThat(scribe.calls).noneMatch(call -> call.startsWith("grow"));
  }

  @Test
  void anotherDepthIsRefused() {
    OneShotSearch search = new OneShotSearch(TWO, GrowthOperator.MOMENTUM, Settings.of(0));
    assertThatThrownBy(() -> search.run(new Scribe(4, 2)))
        .hasMessageContaining("a network of 4 blocks; expected the supernet of 3");
    SearchProgress timed = new SearchProgress(TWO.candidates(), 0, List.of(0.1), List.of());
    assertThatThrownBy(() -> search.resume(new Scribe(2, 2), timed))
        .hasMessageContaining("a network of 2 blocks; expected the supernet of 3");
  }

  @Test
  void progressOfAnotherSearchIsRefused() {
    OneShotSearch search = new OneShotSearch(TWO, GrowthOperator.MOMENTUM, Settings.of(0));
    List<Double> times = List.of(0.1, 0.2);
    Scribe scribe = new Scribe(3, 8); // probes after 8, 10, 12, 14, 16 steps
    assertThatThrownBy(() -> search.resume(scribe, SearchProgress.beginning(List.of(SMALL, SMALL))))
        .hasMessageContaining("expected [16 px, 2 blocks, 32 px, 3 blocks]");
    for (int[] wrong : new int[][] {{17, 10}, {9, 0}, {9, 4}, {8, 3}, {7, 1}}) {
      List<List<Double>> losses = Collections.nCopies(wrong[1], List.of(1.0));
      SearchProgress progress = new SearchProgress(TWO.candidates(), wrong[0], times, losses);
      assertThatThrownBy(() -> search.resume(scribe, progress))
          .hasMessageContaining(wrong[1] + " losses after " + wrong[0] + " steps");
    }
    assertThat(scribe.calls).isEmpty();
  }

  @Test
  void progressWithoutWhatComesFirstIsRefused() {
    List<Candidate> two = TWO.candidates();
    assertThatThrownBy(() -> new SearchProgress(two, 1, List.of(0.1), List.of()))
        .hasMessageContaining("1 times, 0 losses, 1 steps");
    assertThatThrownBy(() -> new SearchProgress(two, 0, List.of(0.1), List.of(List.of(1.0))))
        .hasMessageContaining("1 times, 1 losses");
    assertThatThrownBy(() -> new SearchProgress(two, 0, List.of(0.1, 0.1, 0.1), List.of()))
        .hasMessageContaining("3 times");
    for (List<Double> second : List.of(List.of(1.0), List.<Double>of())) {
      List<List<Double>> losses = List.of(List.of(1.0, 2.0), second);
      assertThatThrownBy(() -> new SearchProgress(two, 1, List.of(0.1, 0.1), losses))
          .hasMessageContaining("expected of one number of them");
    }
  }

  @Test
  void aStepTimeThatIsNoTimeIsRefused() {
    OneShotSearch search = new OneShotSearch(TWO, GrowthOperator.MOMENTUM, Settings.of(0));
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      Scribe scribe = new Scribe(2, 2);
      scribe.seconds = bad;
      assertThatThrownBy(() -> search.run(scribe)).hasMessageContaining("expected more than 0");
    }
  }

  @Test
  void whatTheNetworkThrowsComesOut() {
    IOException broken = new IOException("no more images");
    Scribe scribe =
        new Scribe(2, 2) {
          @Override
          public void step(SubNetwork network) throws IOException {
            throw broken;
          }
        };
    assertThatThrownBy(
            () -> new OneShotSearch(TWO, GrowthOperator.MOMENTUM, Settings.of(0)).run(scribe))
        .isSameAs(broken);
  }

  @Test
  void settingsThatDoNothingAreRefused() {
    assertThatThrownBy(() -> new Settings(0, 50, 4, 0, true, 0))
        .hasMessageContaining("0.0 search epochs");
    assertThatThrownBy(() -> new Settings(Double.NaN, 50, 4, 0, true, 0))
        .hasMessageContaining("NaN search epochs");
    assertThatThrownBy(() -> new Settings(2, 0, 4, 0, true, 0)).hasMessageContaining("0 batches");
    assertThatThrownBy(() -> new Settings(2, 50, 0, 0, true, 0)).hasMessageContaining("0 probes");
    assertThatThrownBy(() -> new Settings(2, 50, 4, -0.1, true, 0))
        .hasMessageContaining("least time weight of -0.1");
  }
}
