package dev.autoprog.progressive.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthMap.Block;
import dev.autoprog.progressive.growth.GrowthMap.Kind;
import dev.autoprog.progressive.growth.GrowthMap.Weights;
import dev.autoprog.progressive.growth.GrowthOperator;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubNetworkTest {
  /** Blocks by hand: MOMENTUM 4 → 6 is 0 1 2 2′ 3 3′, 3 → 8 is 0 0′ 1 1′ 1″ 2 2′ 2″. */
  @ParameterizedTest
  @CsvSource({
    "MOMENTUM, 4, 6, 4, 0 1 2 4",
    "MOMENTUM, 4, 6, 5, 0 1 2 4 5",
    "MOMENTUM, 4, 6, 6, 0 1 2 3 4 5",
    "MOMENTUM, 6, 9, 7, 0 1 2 3 5 7 8",
    "MOMENTUM, 3, 8, 3, 0 2 5",
    "MOMENTUM, 3, 8, 4, 0 2 5 6",
    "MOMENTUM, 3, 8, 5, 0 2 3 5 6",
    "MOMENTUM, 3, 8, 6, 0 1 2 3 5 6",
    "MOMENTUM, 2, 8, 5, 0 1 4 5 6",
    "IDENTITY, 4, 6, 5, 0 1 2 4 5",
    "RANDOM, 4, 6, 5, 0 1 2 4 5",
    "STACK, 4, 6, 4, 0 1 2 3",
    "STACK, 4, 6, 5, 0 1 2 3 4",
    "MOMENTUM, 5, 5, 5, 0 1 2 3 4"
  })
  void blocksByHand(GrowthOperator operator, int from, int to, int depth, String blocks) {
    SubNetwork network = SubNetwork.of(operator, operator.map(from, to), new Candidate(32, depth));
    assertThat(network.blocks().stream().map(String::valueOf).collect(Collectors.joining(" ")))
        .isEqualTo(blocks);
    assertThat(network.candidate()).isEqualTo(new Candidate(32, depth));
  }

  @Property
  void aSubNetworkIsWhatGrowingToItsDepthAloneWouldHaveBuilt(
      @ForAll GrowthOperator operator,
      @ForAll @IntRange(min = 1, max = 12) int from,
      @ForAll @IntRange(max = 24) int added) {
    GrowthMap map = operator.map(from, from + added);
    for (int depth = from; depth <= from + added; depth++) {
      SubNetwork network = SubNetwork.of(operator, map, new Candidate(8, depth));
      GrowthMap alone = operator.map(from, depth);
      for (int i = 0; i < depth; i++) {
        int block = network.blocks().get(i);
        assertThat(map.blocks().get(block).source()).isEqualTo(alone.blocks().get(i).source());
        assertThat(network.strengths().get(i) * map.strength(block))
            .isCloseTo(alone.strength(i), within(1e-12));
        if (operator != GrowthOperator.SPLIT) {
          assertThat(map.blocks().get(block)).isEqualTo(alone.blocks().get(i));
          assertThat(network.strengths().get(i)).isEqualTo(1);
        }
      }
    }
  }

  @Property
  void deeperSubNetworksContainShallowerOnes(
      @ForAll GrowthOperator operator,
      @ForAll @IntRange(min = 1, max = 12) int from,
      @ForAll @IntRange(max = 24) int added) {
    GrowthMap map = operator.map(from, from + added);
    List<Integer> before = List.of();
    for (int depth = from; depth <= from + added; depth++) {
      List<Integer> blocks = SubNetwork.of(operator, map, new Candidate(8, depth)).blocks();
      assertThat(blocks).containsAll(before);
      before = blocks;
    }
  }

  @Test
  void depthsThatTheSupernetCannotShowAreRefused() {
    GrowthMap map = GrowthOperator.MOMENTUM.map(4, 6);
    assertThatThrownBy(() -> SubNetwork.of(GrowthOperator.MOMENTUM, map, new Candidate(8, 3)))
        .hasMessageContaining("3 blocks, expected 4 to 6");
    assertThatThrownBy(() -> SubNetwork.of(GrowthOperator.MOMENTUM, map, new Candidate(8, 7)))
        .hasMessageContaining("7 blocks, expected 4 to 6");
  }

  @Test
  void aMapOfAnotherOperatorIsRefused() {
    GrowthMap map =
        new GrowthMap(
            2, 2, Weights.ONLINE, List.of(new Block(0, Kind.COPY), new Block(0, Kind.COPY)));
    assertThatThrownBy(() -> SubNetwork.of(GrowthOperator.MOMENTUM, map, new Candidate(8, 2)))
        .hasMessageContaining("as MOMENTUM would grow it");
  }

  @Test
  void blocksMustFitTheCandidate() {
    Candidate two = new Candidate(8, 2);
    assertThatThrownBy(() -> new SubNetwork(two, List.of(1))).hasMessageContaining("[1]");
    assertThatThrownBy(() -> new SubNetwork(two, List.of(2, 1))).hasMessageContaining("[2, 1]");
    assertThatThrownBy(() -> new SubNetwork(two, List.of(1, 1))).hasMessageContaining("[1, 1]");
    assertThatThrownBy(() -> new SubNetwork(two, List.of(-1, 1))).hasMessageContaining("[-1, 1]");
  }
}
