package dev.autoprog.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class UNetConfigTest {
  /** Names, shapes and number of what was published as Stable Diffusion 1.5. */
  @Test
  void parametersAreThoseOfThePublishedCheckpoints() {
    Map<String, Shape> shapes = UNetConfig.stableDiffusion15().shapes();
    assertThat(shapes).hasSize(686);
    assertThat(count(shapes)).isEqualTo(859_520_964);
    String attention = "attentions.1.transformer_blocks.0.";
    assertThat(shapes)
        .containsEntry("conv_in.weight", Shape.of(320, 4, 3, 3))
        .containsEntry("time_embedding.linear_1.weight", Shape.of(1280, 320))
        .containsEntry("time_embedding.linear_2.bias", Shape.of(1280))
        .containsEntry("down_blocks.0.resnets.1.norm1.weight", Shape.of(320))
        .containsEntry("down_blocks.0.downsamplers.0.conv.weight", Shape.of(320, 320, 3, 3))
        .containsEntry("down_blocks.1.resnets.0.conv_shortcut.weight", Shape.of(640, 320, 1, 1))
        .containsEntry("down_blocks.2.attentions.0.norm.bias", Shape.of(1280))
        .containsEntry("down_blocks.2.attentions.0.proj_in.weight", Shape.of(1280, 1280, 1, 1))
        .containsEntry("down_blocks.1." + attention + "norm1.weight", Shape.of(640))
        .containsEntry("down_blocks.1." + attention + "attn1.to_q.weight", Shape.of(640, 640))
        .containsEntry("down_blocks.1." + attention + "attn1.to_v.weight", Shape.of(640, 640))
        .containsEntry("down_blocks.1." + attention + "attn1.to_out.0.bias", Shape.of(640))
        .containsEntry("down_blocks.1." + attention + "attn2.to_q.weight", Shape.of(640, 640))
        .containsEntry("down_blocks.1." + attention + "attn2.to_k.weight", Shape.of(640, 768))
        .containsEntry("down_blocks.1." + attention + "norm2.weight", Shape.of(640))
        .containsEntry("down_blocks.1." + attention + "ff.net.0.proj.weight", Shape.of(5120, 640))
        .containsEntry("down_blocks.1." + attention + "ff.net.2.weight", Shape.of(640, 2560))
        .containsEntry("mid_block.resnets.1.time_emb_proj.weight", Shape.of(1280, 1280))
        .containsEntry("mid_block.attentions.0.proj_out.weight", Shape.of(1280, 1280, 1, 1))
        .containsEntry("up_blocks.0.resnets.2.conv1.weight", Shape.of(1280, 2560, 3, 3))
        .containsEntry("up_blocks.1.resnets.2.conv1.weight", Shape.of(1280, 1920, 3, 3))
        .containsEntry("up_blocks.2.upsamplers.0.conv.weight", Shape.of(640, 640, 3, 3))
        .containsEntry("up_blocks.3.resnets.0.conv_shortcut.weight", Shape.of(320, 960, 1, 1))
        .containsEntry("up_blocks.3.attentions.2.proj_in.weight", Shape.of(320, 320, 1, 1))
        .containsEntry("conv_norm_out.weight", Shape.of(320))
        .containsEntry("conv_out.weight", Shape.of(4, 320, 3, 3))
        .doesNotContainKey("down_blocks.3.attentions.0.norm.weight")
        .doesNotContainKey("down_blocks.1." + attention + "attn1.to_q.bias");
  }

  private static long count(Map<String, Shape> shapes) {
    return shapes.values().stream().mapToLong(Shape::elements).sum();
  }

  @Test
  void smallOnesAreSmall() {
    assertThat(count(UNetConfig.tiny(3, 10).shapes())).isEqualTo(1_347_811);
    UNetConfig small = UNetConfig.small(3, 10);
    assertThat(count(small.shapes())).isEqualTo(3_022_419);
    assertThat(small.shapes())
        .containsEntry("class_embedding.weight", Shape.of(11, 192))
        .doesNotContainKey("mid_block.attentions.0.transformer_blocks.0.norm2.weight")
        .doesNotContainKey("stage_embedding.weight");
    assertThat(small.withStages(4).shapes())
        .containsEntry(UNet.STAGE_TABLE, Shape.of(5, 192))
        .doesNotContainKey(UNet.STAGE_TOKEN);
    assertThat(UNetConfig.stableDiffusion15().withStages(4).shapes())
        .containsEntry(UNet.STAGE_TABLE, Shape.of(5, 1280))
        .containsEntry(UNet.STAGE_TOKEN, Shape.of(5, 768));
  }

  /** Every weight at every place where it is used, and the two products of each attention. */
  @Test
  void operationsAreThoseOfTheWeights() {
    UNetConfig config = UNetConfig.stableDiffusion15();
    double[] sum = {0};
    config
        .shapes()
        .forEach(
            (name, shape) -> {
              double places = places(name, config.resolution(), config.levels());
              sum[0] += shape.rank() < 2 ? 0 : places * shape.elements();
              if (name.endsWith("attn1.to_q.weight")) {
                sum[0] += 2 * places * places * shape.dim(0);
              } else if (name.endsWith("attn2.to_q.weight")) {
                sum[0] += 2 * places * 77 * shape.dim(0);
              }
            });
    assertThat(config.flops(config.resolution())).isEqualTo(2 * sum[0]);
  }

  private static double places(String name, int side, int levels) {
    if (name.contains("time_emb")) {
      return 1;
    }
    if (name.matches(".*attn2.to_[kv].*")) {
      return 77;
    }
    Matcher block = Pattern.compile("(down|up)_blocks.(\\d)[.](.*samplers)?.*").matcher(name);
    int level = name.startsWith("mid_block") ? levels - 1 : 0;
    if (block.matches()) {
      int index = Integer.parseInt(block.group(2)) + (block.group(3) == null ? 0 : 1);
      level = block.group(1).equals("down") ? index : levels - 1 - index;
    }
    return Math.pow(side >> level, 2);
  }

  @Test
  void whatCannotBeBuiltIsRefused() {
    assertRefused("a side of 10 pixels cannot be halved 2 times", 10, 16, List.of(1, 1, 1), -1);
    assertRefused("attention at level 2 of 2", 8, 16, List.of(1, 1), 2);
    assertRefused("multipliers are []", 8, 16, List.of(), -1);
    assertRefused("multipliers are [2, 2]", 8, 16, List.of(2, 2), -1);
    assertRefused("18 channels of level 0 in 4 groups", 8, 18, List.of(1), -1);
    assertRefused("24 channels of level 0 in 2 heads", 8, 24, List.of(1), 0);
    assertThatThrownBy(
            () -> new UNetConfig(8, 3, 0, 0, 16, List.of(1), List.of(), 1, 2, 4, 8, false))
        .hasMessageContaining("a context of width 8 without a level with attention");
    assertThatThrownBy(
            () -> new UNetConfig(8, 3, -1, 0, 16, List.of(1), List.of(), 1, 2, 4, 0, false))
        .hasMessageContaining("at least 0");
    assertThatThrownBy(
            () -> new UNetConfig(8, 3, 0, 0, 16, List.of(1), List.of(), 0, 2, 4, 0, false))
        .hasMessageContaining("at least 1");
  }

  /** With attention at one level, or at none. */
  private static void assertRefused(
      String message, int resolution, int base, List<Integer> multipliers, int attentionLevel) {
    List<Integer> attention = attentionLevel < 0 ? List.of() : List.of(attentionLevel);
    assertThatThrownBy(
            () ->
                new UNetConfig(
                    resolution, 3, 0, 0, base, multipliers, attention, 1, 2, 4, 0, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
