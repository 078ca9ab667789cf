package dev.autoprog.progressive.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
      assertThat(map.blocks()).contains(new Block(source, Kind.COPY));
    }
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
    List<Block> blocks = operator.map(from, from + added).blocks();
    Kind expected =
        switch (operator) {
          case RANDOM -> Kind.FRESH;
          case IDENTITY -> Kind.IDENTITY;
          case STACK, INTERPOLATE, MOMENTUM -> Kind.COPY;
        };
    List<Integer> seen = new ArrayList<>();
    for (Block block : blocks) {
      assertThat(block.kind()).isEqualTo(seen.contains(block.source()) ? expected : Kind.COPY);
      seen.add(block.source());
    }
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
