package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.SearchSpace.Dropped;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SearchSpaceTest {
  private static final Feasibility ANYTHING = candidate -> Optional.empty();
  private static final List<Candidate> DEIT =
      List.of(
          new Candidate(128, 6),
          new Candidate(160, 8),
          new Candidate(192, 10),
          new Candidate(224, 12));

  @Test
  void theFirstStageTakesFirstMiddleAndLastOfBoth() {
    SearchSpace space = SearchSpace.first(DEIT, ANYTHING);
    assertThat(space)
        .isEqualTo(
            new SearchSpace(
                0,
                6,
                List.of(
                    new Candidate(128, 6),
                    new Candidate(128, 10),
                    new Candidate(128, 12),
                    new Candidate(192, 6),
                    new Candidate(192, 10),
                    new Candidate(192, 12),
                    new Candidate(224, 6),
                    new Candidate(224, 10),
                    new Candidate(224, 12)),
                List.of()));
    assertThat(space.supernetDepth()).isEqualTo(12);
  }

  @Test
  void repeatedValuesCountOnce() {
    List<Candidate> manual =
        List.of(
            new Candidate(16, 3), new Candidate(16, 3), new Candidate(16, 3), new Candidate(28, 5));
    assertThat(SearchSpace.first(manual, ANYTHING).candidates())
        .containsExactly(
            new Candidate(16, 3), new Candidate(16, 5), new Candidate(28, 3), new Candidate(28, 5));
  }

  @Test
  void aLaterStageTakesThePresentAndTheNextResolutionAndDepthsAboveThePresent() {
    SearchSpace space = SearchSpace.next(DEIT, 1, new Candidate(128, 6), ANYTHING);
    assertThat(space.from()).isEqualTo(6);
    assertThat(space.candidates())
        .containsExactly(
            new Candidate(128, 8),
            new Candidate(128, 10),
            new Candidate(128, 12),
            new Candidate(160, 8),
            new Candidate(160, 10),
            new Candidate(160, 12));
  }

  @Test
  void noMoreThanThreeDepthsAbove() {
    List<Candidate> manual = new ArrayList<>();
    for (int depth = 2; depth <= 8; depth++) {
      manual.add(new Candidate(32, depth));
    }
    assertThat(SearchSpace.next(manual, 2, new Candidate(32, 3), ANYTHING).candidates())
        .extracting(Candidate::depth)
        .containsExactly(4, 5, 6);
  }

  @Test
  void whatHasReachedTheGoalStaysThere() {
    assertThat(SearchSpace.next(DEIT, 2, new Candidate(192, 12), ANYTHING).candidates())
        .containsExactly(new Candidate(192, 12), new Candidate(224, 12));
    assertThat(SearchSpace.next(DEIT, 2, new Candidate(224, 12), ANYTHING).candidates())
        .containsExactly(new Candidate(224, 12));
  }

  @Test
  void aNetworkThatIsInNoListGoesOnFromWhereItIs() {
    assertThat(SearchSpace.next(DEIT, 1, new Candidate(144, 9), ANYTHING).candidates())
        .containsExactly(
            new Candidate(144, 10),
            new Candidate(144, 12),
            new Candidate(160, 10),
            new Candidate(160, 12));
  }

  @Test
  void theLastStageIsTheFullNetwork() {
    SearchSpace space = SearchSpace.next(DEIT, 3, new Candidate(160, 8), ANYTHING);
    assertThat(space).isEqualTo(new SearchSpace(3, 8, List.of(new Candidate(224, 12)), List.of()));
    assertThat(SearchSpace.first(List.of(new Candidate(224, 12)), ANYTHING).candidates())
        .containsExactly(new Candidate(224, 12));
  }

  @Test
  void aStageBehindTheLastIsRefused() {
    assertThatThrownBy(() -> SearchSpace.next(DEIT, 4, new Candidate(224, 12), ANYTHING))
        .hasMessageContaining("stage 4 of 4");
    assertThatThrownBy(() -> SearchSpace.next(DEIT, 0, new Candidate(128, 6), ANYTHING))
        .hasMessageContaining("stage 0 of 4");
  }

  @Test
  void imagesThatDoNotDivideIntoPatchesAreDroppedAndSaidSo() {
    List<Candidate> manual =
        List.of(new Candidate(14, 2), new Candidate(20, 3), new Candidate(28, 4));
    SearchSpace space = SearchSpace.first(manual, Feasibility.patch(4));
    assertThat(space.candidates())
        .containsExactly(
            new Candidate(20, 2),
            new Candidate(20, 3),
            new Candidate(20, 4),
            new Candidate(28, 2),
            new Candidate(28, 3),
            new Candidate(28, 4));
    assertThat(space.dropped())
        .containsExactly(
            new Dropped(new Candidate(14, 2), "14 px are no multiple of the patch of 4"),
            new Dropped(new Candidate(14, 3), "14 px are no multiple of the patch of 4"),
            new Dropped(new Candidate(14, 4), "14 px are no multiple of the patch of 4"));
    assertThat(SearchSpace.next(manual, 1, new Candidate(14, 3), Feasibility.patch(4)).candidates())
        .containsExactly(new Candidate(20, 4));
  }

  @Test
  void theSupernetOfAFirstStageGrowsFromTheLeastDepthThatCanBeBuilt() {
    Feasibility deeper = c -> c.depth() > 6 ? Optional.empty() : Optional.of("too shallow");
    assertThat(SearchSpace.first(DEIT, deeper).from()).isEqualTo(10);
  }

  @Test
  void noFeasibleCandidateIsRefusedWithTheReasons() {
    assertThatThrownBy(() -> SearchSpace.first(DEIT, Feasibility.patch(17)))
        .hasMessageContaining("stage 0 has no candidate")
        .hasMessageContaining("128 px, 6 blocks (128 px are no multiple of the patch of 17)");
  }

  @Property
  void whateverIsChosenDepthAndResolutionNeverShrinkAndTheGoalIsReached(
      @ForAll @Size(6) List<@IntRange(min = 1, max = 4) Integer> rises,
      @ForAll @Size(3) List<@IntRange(max = 1000) Integer> choices) {
    Candidate m0 = new Candidate(rises.get(0), rises.get(1));
    Candidate m1 = new Candidate(m0.resolution() + rises.get(2) - 1, m0.depth() + rises.get(3) - 1);
    Candidate m2 = new Candidate(m1.resolution() + rises.get(4) - 1, m1.depth() + rises.get(5) - 1);
    List<Candidate> manual = List.of(m0, m1, m2);
    SearchSpace space = SearchSpace.first(manual, ANYTHING);
    Candidate current = pick(space, choices.get(0));
    for (int stage = 1; stage < manual.size(); stage++) {
      space = SearchSpace.next(manual, stage, current, ANYTHING);
      Candidate chosen = pick(space, choices.get(stage));
      assertThat(space.from()).isEqualTo(current.depth());
      assertThat(chosen.depth()).isBetween(current.depth(), m2.depth());
      assertThat(chosen.resolution()).isBetween(current.resolution(), m2.resolution());
      current = chosen;
    }
    assertThat(current).isEqualTo(m2);
  }

  private static Candidate pick(SearchSpace space, int choice) {
    return space.candidates().get(choice % space.candidates().size());
  }

  @Test
  void candidatesReadWellAndAreOrderedByResolutionThenDepth() {
    assertThat(new Candidate(24, 5)).hasToString("24 px, 5 blocks");
    assertThat(new Candidate(24, 1)).hasToString("24 px, 1 block");
    assertThat(new Candidate(24, 5))
        .isLessThan(new Candidate(28, 1))
        .isLessThan(new Candidate(24, 6));
    assertThat(Candidate.of(new Stage(1, 3, 2, 24, 5, null))).isEqualTo(new Candidate(24, 5));
    assertThatThrownBy(() -> new Candidate(24, 0)).hasMessageContaining("0 blocks");
  }
}
