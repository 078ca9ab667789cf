package dev.autoprog.model;

import dev.autoprog.nn.Convolution;
import dev.autoprog.nn.Embedding;
import dev.autoprog.nn.GroupNorm;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Linear;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.nn.TimestepEmbedding;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The layers of a UNet, declared but without memory. */
final class UNetLayers {
  private static final int TIME_RATIO = 4;
  private static final int CONTEXT_TOKENS = 77;
  private static final float EPSILON = 1e-5f;

  private final UNetConfig config;
  final Convolution in;
  final ConditionEmbedding condition;
  final Embedding stageToken;
  final List<UNetBlock> blocks = new ArrayList<>();
  final GroupNorm norm;
  final Convolution out;

  /** Declares everything. */
  UNetLayers(ParameterSet.Builder builder, UNetConfig config, Precision precision) {
    this.config = config;
    int base = config.baseChannels();
    in = new Convolution(builder.under("conv_in"), config.channels(), base);
    condition = condition(builder, config, precision);
    stageToken =
        config.stages() == 0 || config.contextWidth() == 0
            ? null
            : new Embedding(builder, UNet.STAGE_TOKEN, config.stages() + 1, config.contextWidth());
    declareBlocks(builder);
    norm = new GroupNorm(builder.under("conv_norm_out"), base, config.groups(), EPSILON, true);
    Initializer zero = Initializer.constant(0);
    out = new Convolution(builder.under("conv_out"), base, config.outChannels(), 1, zero);
  }

  /** Width of the time embedding. */
  static int timeWidth(UNetConfig config) {
    return TIME_RATIO * config.baseChannels();
  }

  private static ConditionEmbedding condition(
      ParameterSet.Builder builder, UNetConfig config, Precision precision) {
    int frequencies = config.baseChannels();
    int width = timeWidth(config);
    ParameterSet.Builder times = builder.under("time_embedding");
    TimestepEmbedding embedding =
        new TimestepEmbedding(
            frequencies,
            new Linear(times.under("linear_1"), frequencies, width),
            new Linear(times.under("linear_2"), width, width),
            precision);
    Embedding classes =
        config.classes() == 0
            ? null
            : new Embedding(
                builder,
                UNet.CLASS_TABLE,
                config.classes() + 1,
                width,
                Initializer.truncatedNormal(1)); // as in PyTorch: as large as the time's
    Embedding stages =
        config.stages() == 0
            ? null
            : new Embedding(builder, UNet.STAGE_TABLE, config.stages() + 1, width);
    return new ConditionEmbedding(embedding, classes, stages);
  }

  private void declareBlocks(ParameterSet.Builder builder) {
    Deque<Integer> skips = new ArrayDeque<>();
    skips.push(config.baseChannels());
    int levels = config.levels();
    for (int level = 0; level < levels; level++) {
      String name = "down_blocks." + level;
      blocks.add(UNetBlock.down(builder.under(name), name, config, level, skips));
    }
    blocks.add(UNetBlock.middle(builder.under("mid_block"), "mid_block", config));
    int width = config.width(levels - 1);
    for (int i = 0; i < levels; i++) {
      String name = "up_blocks." + i;
      int level = levels - 1 - i;
      blocks.add(UNetBlock.up(builder.under(name), name, config, level, width, skips));
      width = config.width(level);
    }
  }

  /** As {@link UNetConfig#flops}. */
  double flops(int resolution) {
    double pixels = (double) resolution * resolution;
    double width = timeWidth(config);
    double sum = width * (config.baseChannels() + width);
    sum += in.multiplyAdds(pixels) + out.multiplyAdds(pixels);
    for (UNetBlock block : blocks) {
      sum += block.multiplyAdds(resolution, CONTEXT_TOKENS);
    }
    return 2 * sum;
  }
}
