package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.progressive.search.Measurable.Trainability;
import dev.autoprog.progressive.search.Searchable.Cost;
import dev.autoprog.progressive.search.ZeroShotDecision.Entry;
import dev.autoprog.progressive.search.ZeroShotDecision.Ranks;
import dev.autoprog.progressive.search.ZeroShotSearch.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ZeroShotSearchTest {
  private static final ZeroShotSearch SEARCH = new ZeroShotSearch(Weights.DEFAULT);

  /** Nobody's network: candidates are names, their measures a table. */
  private static class Table implements Measurable<String, RuntimeException> {
    private final Map<String, double[]> rows;
    private final List<String> asked;

    Table(Map<String, double[]> rows, List<String> asked) {
      this.rows = rows;
      this.asked = asked;
    }

    static Table of(Map<String, double[]> rows) {
      return new Table(rows, new ArrayList<>());
    }

    @Override
    public double stepSeconds(String candidate) {
      asked.add(candidate);
      return rows.get(candidate)[0];
    }

    @Override
    public Trainability trainability(String candidate) {
      double kappa = rows.get(candidate)[1];
      return Double.isNaN(kappa) ? Trainability.none("rank 3 of 16") : Trainability.of(kappa);
    }

    @Override
    public double zico(String candidate) {
      return rows.get(candidate)[2];
    }

    @Override
    public Cost cost(String candidate) {
      return new Cost(candidate.length(), 7);
    }
  }

  private static ZeroShotDecision<String> decide(Map<String, double[]> rows) {
    return SEARCH.run(rows.keySet().stream().sorted().toList(), Table.of(rows));
  }

  private static List<Ranks> ranks(ZeroShotDecision<String> decision) {
    return decision.table().stream().map(Entry::ranks).toList();
  }

  @Test
  void votesByHand() {
    ZeroShotDecision<String> decision =
        decide(
            Map.of(
                "a", new double[] {0.1, 900, 10}, // 1 + 3/2 + 3/2
                "b", new double[] {0.2, 50, 30}, // 2 + 1/2 + 1/2
                "c", new double[] {0.4, 60, 20})); // 3 + 2/2 + 2/2
    assertThat(ranks(decision))
        .containsExactly(new Ranks(1, 3, 3, 4), new Ranks(2, 1, 1, 3), new Ranks(3, 2, 2, 5));
    assertThat(decision.winner()).isEqualTo("b");
    assertThat(decision.reason())
        .isEqualTo(
            "b has the least vote, 3.0: it is second by time, first by NTK and first by ZiCo.");
    assertThat(decision.table().get(0).measures().cost()).isEqualTo(new Cost(1, 7));
    assertThat(decision.toString()).contains("NTK κ", "900", decision.reason());
  }

  @Test
  void equalsShareARankAndTheNextOneFollows() {
    ZeroShotDecision<String> decision =
        decide(
            Map.of(
                "a", new double[] {0.1, 100, 10},
                "b", new double[] {0.1 * (1 + 5e-7), 200, 10 * (1 + 5e-7)},
                "c", new double[] {0.1 * (1 + 5e-6), 200, 11},
                "d", new double[] {0.2, 300, 9}));
    assertThat(ranks(decision))
        .containsExactly(
            new Ranks(1, 1, 2, 2.5),
            new Ranks(1, 2, 2, 3),
            new Ranks(2, 2, 1, 3.5),
            new Ranks(3, 3, 3, 6));
    assertThat(decision.winner()).isEqualTo("a");
  }

  @Test
  void ofEqualVotesTheFastestWins() {
    ZeroShotDecision<String> decision =
        decide(Map.of("a", new double[] {0.2, 50, 30}, "b", new double[] {0.1, 60, 20}));
    assertThat(ranks(decision)).extracting(Ranks::vote).containsExactly(3.0, 3.0);
    assertThat(decision.winner()).isEqualTo("b");
    assertThat(decision.reason()).endsWith("; of 2 such, the fastest.");
  }

  @Test
  void aKernelWithoutAConditionRanksLast() {
    ZeroShotDecision<String> decision =
        decide(
            Map.of(
                "a", new double[] {0.1, Double.NaN, 10},
                "b", new double[] {0.2, 1e12, 20},
                "c", new double[] {0.3, Double.NaN, 30}));
    assertThat(ranks(decision)).extracting(Ranks::ntk).containsExactly(2, 1, 2);
    assertThat(decision.toString()).contains("none");
  }

  @Test
  void theWeightsAreTheCallers() {
    Map<String, double[]> rows =
        Map.of("a", new double[] {0.1, 900, 10}, "b", new double[] {0.2, 50, 30});
    List<String> candidates = List.of("a", "b");
    assertThat(new ZeroShotSearch(new Weights(3, 1, 1)).run(candidates, Table.of(rows)).winner())
        .isEqualTo("a");
    assertThat(new ZeroShotSearch(new Weights(1, 1, 1)).run(candidates, Table.of(rows)).winner())
        .isEqualTo("b");
    assertThat(new ZeroShotSearch(new Weights(0, 0, 1)).run(candidates, Table.of(rows)).winner())
        .isEqualTo("b");
  }

  /** What is asked of the first one first is for nothing: code is still being compiled then. */
  @Test
  void timesAreTakenLastAndTheFirstOneTwice() {
    Map<String, double[]> rows =
        Map.of("a", new double[] {0.1, 900, 10}, "b", new double[] {0.2, 50, 30});
    List<String> asked = new ArrayList<>();
    Table table =
        new Table(rows, asked) {
          @Override
          public double stepSeconds(String candidate) {
            return super.stepSeconds(candidate) * (asked.size() == 1 ? 9 : 1);
          }

          @Override
          public double zico(String candidate) {
            assertThat(asked).isEmpty();
            return super.zico(candidate);
          }
        };
    ZeroShotDecision<String> decision = SEARCH.run(List.of("a", "b"), table);
    assertThat(asked).containsExactly("a", "a", "b");
    assertThat(decision.table())
        .extracting(entry -> entry.measures().stepSeconds())
        .containsExactly(0.1, 0.2);
  }

  @Test
  void oneCandidateIsNotMeasured() {
    Table table = Table.of(Map.of());
    ZeroShotDecision<String> decision = SEARCH.run(List.of("only"), table);
    assertThat(decision.winner()).isEqualTo("only");
    assertThat(decision.reason()).contains("nothing was searched");
    assertThat(table.asked).isEmpty();
  }

  @Test
  void judgingMeasuresASingleCandidate() {
    Table table = Table.of(Map.of("only", new double[] {0.1, 900, 10}));
    ZeroShotDecision<String> decision = SEARCH.judge(List.of("only"), table);
    assertThat(ranks(decision)).containsExactly(new Ranks(1, 1, 1, 2));
    assertThat(decision.table().get(0).measures().zico()).isEqualTo(10);
    assertThat(decision.reason()).contains("only candidate: there is none to compare it with");
    assertThat(table.asked).containsExactly("only", "only");
  }

  @Test
  void badInputIsRefused() {
    assertThatThrownBy(() -> SEARCH.judge(List.of(), Table.of(Map.of())))
        .hasMessageContaining("no candidates");
    assertThatThrownBy(() -> SEARCH.run(List.of(), Table.of(Map.of())))
        .hasMessageContaining("no candidates");
    assertThatThrownBy(
            () -> decide(Map.of("a", new double[] {0, 1, 1}, "b", new double[] {1, 1, 1})))
        .hasMessageContaining("a step of a took 0.0 s");
    assertThatThrownBy(
            () -> decide(Map.of("a", new double[] {1, 1, Double.NaN}, "b", new double[] {1, 1, 1})))
        .hasMessageContaining("ZiCo of a is NaN");
    assertThatThrownBy(() -> new Weights(1, -1, 1)).hasMessageContaining("-1.0");
    assertThatThrownBy(() -> new Weights(0, 0, 0)).hasMessageContaining("one above");
    assertThatThrownBy(() -> Trainability.of(0.5)).hasMessageContaining("κ = 0.5");
    assertThatThrownBy(() -> Trainability.none("")).hasMessageContaining("expected one of the two");
  }

  /** A rank is one more than how many different values are better. */
  @Property
  void ranksCountTheBetterValues(
      @ForAll @Size(min = 1, max = 12) List<@DoubleRange(min = -3, max = 3) Double> raw) {
    double[] values = raw.stream().mapToDouble(v -> Math.rint(v * 2) / 2 + 0.0).toArray();
    int[] up = RankVote.ascending(values);
    int[] down = RankVote.descending(values);
    for (int i = 0; i < values.length; i++) {
      double value = values[i];
      long less =
          IntStream.range(0, values.length)
              .mapToDouble(k -> values[k])
              .distinct()
              .filter(v -> v < value)
              .count();
      long more =
          IntStream.range(0, values.length)
              .mapToDouble(k -> values[k])
              .distinct()
              .filter(v -> v > value)
              .count();
      assertThat((double) up[i]).isCloseTo(1.0 + less, within(0.0));
      assertThat((double) down[i]).isCloseTo(1.0 + more, within(0.0));
    }
  }
}
