package dev.autoprog.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShapeRecordsTest {
  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void everyComponentMustBePositive(long bad) {
    assertRefused("rows is " + bad, () -> new LinearShape(bad, 1, 1));
    assertRefused("in is " + bad, () -> new LinearShape(1, bad, 1));
    assertRefused("out is " + bad, () -> new LinearShape(1, 1, bad));
    assertRefused("batch is " + bad, () -> new AttentionShape(bad, 1, 1, 8));
    assertRefused("tokens is " + bad, () -> new AttentionShape(1, bad, 1, 8));
    assertRefused("heads is " + bad, () -> new AttentionShape(1, 1, bad, 8));
    assertRefused("headDim is " + bad, () -> new AttentionShape(1, 1, 1, bad));
    assertRefused("batch is " + bad, () -> new CrossAttentionShape(bad, 1, 1, 1, 8));
    assertRefused("queries is " + bad, () -> new CrossAttentionShape(1, bad, 1, 1, 8));
    assertRefused("keys is " + bad, () -> new CrossAttentionShape(1, 1, bad, 1, 8));
    assertRefused("heads is " + bad, () -> new CrossAttentionShape(1, 1, 1, bad, 8));
    assertRefused("headDim is " + bad, () -> new CrossAttentionShape(1, 1, 1, 1, bad));
    assertRefused("rows is " + bad, () -> new RowsShape(bad, 1, 1));
    assertRefused("columns is " + bad, () -> new RowsShape(1, bad, 1));
    assertRefused("stride is " + bad, () -> new RowsShape(1, 1, bad));
    assertRefused("batch is " + bad, () -> new ModulationShape(bad, 1, 1, 1));
    assertRefused("tokens is " + bad, () -> new ModulationShape(1, bad, 1, 1));
    assertRefused("width is " + bad, () -> new ModulationShape(1, 1, bad, 1));
    assertRefused("chunks is " + bad, () -> new ModulationShape(1, 1, 1, bad));
    assertRefused("count is " + bad, () -> new EmbeddingShape(bad, 1, 1));
    assertRefused("rows is " + bad, () -> new EmbeddingShape(1, bad, 1));
    assertRefused("width is " + bad, () -> new EmbeddingShape(1, 1, bad));
    assertRefused("batch is " + bad, () -> new TokenShape(bad, 2, 1));
    assertRefused("tokens is " + bad, () -> new TokenShape(1, bad, 1));
    assertRefused("width is " + bad, () -> new TokenShape(1, 2, bad));
    assertRefused("from is " + bad, () -> new PositionShape(bad, 1, 1));
    assertRefused("to is " + bad, () -> new PositionShape(1, bad, 1));
    assertRefused("width is " + bad, () -> new PositionShape(1, 1, bad));
    assertRefused("batch is " + bad, () -> new ImageShape(bad, 1, 1, 1, 1));
    assertRefused("channels is " + bad, () -> new ImageShape(1, bad, 1, 1, 1));
    assertRefused("height is " + bad, () -> new ImageShape(1, 1, bad, 1, 1));
    assertRefused("width is " + bad, () -> new ImageShape(1, 1, 1, bad, 1));
    assertRefused("side is " + bad, () -> new ImageShape(1, 1, 1, 1, bad));
    assertRefused("batch is " + bad, () -> new PatchShape(bad, 1, 1, 1));
    assertRefused("channels is " + bad, () -> new PatchShape(1, bad, 1, 1));
    assertRefused("side is " + bad, () -> new PatchShape(1, 1, bad, 1));
    assertRefused("patch is " + bad, () -> new PatchShape(1, 1, 1, bad));
    assertRefused("batch is " + bad, () -> new ConvolutionShape(bad, 1, 1, 1, 1, 1, 1, 0));
    assertRefused("height is " + bad, () -> new ConvolutionShape(1, bad, 1, 1, 1, 1, 1, 0));
    assertRefused("width is " + bad, () -> new ConvolutionShape(1, 1, bad, 1, 1, 1, 1, 0));
    assertRefused("in is " + bad, () -> new ConvolutionShape(1, 1, 1, bad, 1, 1, 1, 0));
    assertRefused("out is " + bad, () -> new ConvolutionShape(1, 1, 1, 1, bad, 1, 1, 0));
    assertRefused("kernel is " + bad, () -> new ConvolutionShape(1, 1, 1, 1, 1, bad, 1, 0));
    assertRefused("stride is " + bad, () -> new ConvolutionShape(1, 1, 1, 1, 1, 1, bad, 0));
    assertRefused("batch is " + bad, () -> new GroupShape(bad, 1, 1, 1));
    assertRefused("pixels is " + bad, () -> new GroupShape(1, bad, 1, 1));
    assertRefused("channels is " + bad, () -> new GroupShape(1, 1, bad, 1));
    assertRefused("groups is " + bad, () -> new GroupShape(1, 1, 1, bad));
    assertRefused("batch is " + bad, () -> new FeatureMapShape(bad, 1, 1, 1));
    assertRefused("height is " + bad, () -> new FeatureMapShape(1, bad, 1, 1));
    assertRefused("width is " + bad, () -> new FeatureMapShape(1, 1, bad, 1));
    assertRefused("channels is " + bad, () -> new FeatureMapShape(1, 1, 1, bad));
    assertRefused("rows is " + bad, () -> new ConcatenationShape(bad, 1, 1));
    assertRefused("first is " + bad, () -> new ConcatenationShape(1, bad, 1));
    assertRefused("second is " + bad, () -> new ConcatenationShape(1, 1, bad));
  }

  @Test
  void windowsFitIntoTheMapAndSeeSomeOfIt() {
    ConvolutionShape halved = new ConvolutionShape(2, 7, 8, 3, 5, 3, 2, 1);
    assertThat(halved.outHeight()).isEqualTo(4);
    assertThat(halved.outWidth()).isEqualTo(4);
    assertThat(halved.unfolded()).isEqualTo(new LinearShape(32, 27, 5));
    assertRefused("padding is -1", () -> new ConvolutionShape(1, 5, 5, 1, 1, 3, 1, -1));
    assertRefused("padding is 3", () -> new ConvolutionShape(1, 5, 5, 1, 1, 3, 1, 3));
    assertRefused(
        "a window of 5 does not fit into 8×2 pixels with a padding of 1",
        () -> new ConvolutionShape(1, 8, 2, 1, 1, 5, 1, 1));
    long most = Long.MAX_VALUE;
    assertRefused("too large", () -> new ConvolutionShape(1, 3, 3, most, 1, 3, 1, 1).patch());
  }

  @Test
  void groupsAreEqual() {
    assertThat(new GroupShape(1, 1, 12, 4).groupChannels()).isEqualTo(3);
    assertRefused("12 channels do not form 5", () -> new GroupShape(1, 1, 12, 5));
  }

  @Test
  void headsAreMultiplesOfEightUpTo160() {
    for (long headDim : List.of(8L, 64L, 72L, 160L)) {
      assertThat(new AttentionShape(1, 1, 2, headDim).width()).isEqualTo(2 * headDim);
      assertThat(new CrossAttentionShape(1, 1, 3, 2, headDim).width()).isEqualTo(2 * headDim);
    }
    for (long headDim : List.of(1L, 7L, 12L, 168L)) {
      assertRefused("headDim is " + headDim, () -> new AttentionShape(1, 1, 1, headDim));
      assertRefused("headDim is " + headDim, () -> new CrossAttentionShape(1, 1, 1, 1, headDim));
    }
    assertThat(new AttentionShape(1, 1, 1, 64).scale()).isEqualTo(0.125f);
    assertThat(new CrossAttentionShape(1, 1, 1, 1, 64).scale()).isEqualTo(0.125f);
  }

  @Test
  void patchesDivideTheImage() {
    PatchShape shape = new PatchShape(2, 3, 224, 16);
    assertThat(shape.grid()).isEqualTo(14);
    assertThat(shape.patches()).isEqualTo(196);
    assertThat(shape.patchElements()).isEqualTo(768);
    assertRefused("a patch of 15 pixels does not divide", () -> new PatchShape(1, 1, 224, 15));
  }

  @Test
  void rowsDoNotOverlap() {
    assertThat(RowsShape.dense(2, 3)).isEqualTo(new RowsShape(2, 3, 3));
    assertRefused("stride 2 is below columns 3", () -> new RowsShape(2, 3, 2));
  }

  @Test
  void aClassTokenNeedsAPatchBesideIt() {
    assertRefused("tokens is 1", () -> new TokenShape(1, 1, 1));
  }

  @Test
  void segmentsHaveAsManyOfEach() {
    assertRefused(
        "2 sources, 1 targets, 1 lengths",
        () -> new Segments(new long[2], new long[1], new long[1]));
    assertRefused(
        "1 sources, 1 targets, 3 lengths",
        () -> new Segments(new long[1], new long[1], new long[3]));
  }

  private static void assertRefused(String message, ThrowingCallable code) {
    assertThatThrownBy(code)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
