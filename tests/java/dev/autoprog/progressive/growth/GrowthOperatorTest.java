package dev.autoprog.progressive.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.progressive.growth.GrowthMap.Block;
import dev.autoprog.progressive.growth.GrowthMap.Kind;
import dev.autoprog.progressive.growth.GrowthMap.Weights;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GrowthOperatorTest {
  @Property
  void everyBlockStaysAndTheStackHasTheDepthAskedFor(
      @ForAll GrowthOperator operator,
      @ForAll @IntRange(min = 1, max = 40) int from,
      @ForAll @IntRange(max = 60) int added) {
    GrowthMap map = operator.map(from, from + added);
    assertThat(map.blocks()).hasSize(from + added);
    for (int source = 0; source < from; source++) {
      assertThat(map.blocks()).contains(new Block(source, kindOfFirst(map, operator, source)));
    }
  }

  /** A block that is shared out is nowhere itself. */
  private static Kind kindOfFirst(GrowthMap map, GrowthOperator operator, int source) {
    return operator == GrowthOperator.SPLIT && map.copies(source) > 1 ? Kind.SHARE : Kind.COPY;
  }

  @Property
  void aSameDepthGrowthIsAPlainCopyOfTheOnlineNetwork(
      @ForAll GrowthOperator operator, @ForAll @IntRange(min = 1, max = 60) int depth) {
    GrowthMap map = operator.map(depth, depth);
    assertThat(map.weights()).isEqualTo(Weights.ONLINE);
    for (int i = 0; i < depth; i++) {
      assertThat(map.blocks().get(i)).isEqualTo(new Block(i, Kind.COPY));
    }
  }

  @Property
  void allButStackKeepTheOrderAndGiveExtraCopiesToTheDeepEnd(
      @ForAll GrowthOperator operator,
      @ForAll @IntRange(min = 1, max = 40) int from,
      @ForAll @IntRange(max = 60) int added) {
    if (operator == GrowthOperator.STACK) {
      return;
    }
    int to = from + added;
    List<Integer> expected = new ArrayList<>();
    for (int source = 0; source < from; source++) {
      int copies = to / from + (source >= from - to % from ? 1 : 0);
      for (int copy = 0; copy < copies; copy++) {
        expected.add(source);
      }
    }
    assertThat(operator.map(from, to).blocks().stream().map(Block::source).toList())
        .isEqualTo(expected);
  }

  @Property
  void theFirstAppearanceOfABlockIsItself(
      @ForAll GrowthOperator operator,
      @ForAll @IntRange(min = 1, max = 40) int from,
      @ForAll @IntRange(max = 60) int added) {
    GrowthMap map = operator.map(from, from + added);
    Kind expected =
        switch (operator) {
          case RANDOM -> Kind.FRESH;
          case IDENTITY -> Kind.IDENTITY;
          case STACK, INTERPOLATE, MOMENTUM -> Kind.COPY;
          case SPLIT -> Kind.SHARE;
        };
    List<Integer> seen = new ArrayList<>();
    for (Block block : map.blocks()) {
      Kind first = kindOfFirst(map, operator, block.source());
      assertThat(block.kind()).isEqualTo(seen.contains(block.source()) ? expected : first);
      seen.add(block.source());
    }
  }

  /** What the copies of a block add is together what it added, unless they are copies in full. */
  @Property
  void strengthsAddUp(
      @ForAll @IntRange(min = 1, max = 40) int from, @ForAll @IntRange(max = 60) int added) {
    for (GrowthOperator operator : List.of(GrowthOperator.SPLIT, GrowthOperator.IDENTITY)) {
      GrowthMap map = operator.map(from, from + added);
      double[] sums = new double[from];
      for (int block = 0; block < map.to(); block++) {
        sums[map.blocks().get(block).source()] += map.strength(block);
      }
      for (double sum : sums) {
        assertThat(sum).isCloseTo(1, within(1e-12));
      }
    }
    assertThat(GrowthOperator.INTERPOLATE.map(1, 3).strength(2)).isEqualTo(1);
  }

  @Test
  void thePapersExample() {
    assertThat(GrowthOperator.MOMENTUM.map(4, 6).blocks().stream().map(Block::source))
        .containsExactly(0, 1, 2, 2, 3, 3);
    assertThat(GrowthOperator.MOMENTUM.map(4, 6).weights()).isEqualTo(Weights.MOMENTUM);
    assertThat(GrowthOperator.STACK.map(4, 6).blocks().stream().map(Block::source))
        .containsExactly(0, 1, 2, 3, 0, 1);
  }

  @Test
  void aStackCannotShrink() {
    assertThatThrownBy(() -> GrowthOperator.MOMENTUM.map(6, 4))
        .hasMessageContaining("6")
        .hasMessageContaining("4");
  }
}
