package dev.autoprog.model;

import dev.autoprog.autograd.ConvolutionOperations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.nn.Convolution;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.ResidualBlock;
import dev.autoprog.nn.SpatialTransformer;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * One level of a UNet on the way down or up, or its middle: residual blocks, an attention behind
 * each that has one, and a convolution that changes the side. On the way down every map that it
 * makes goes to the level's counterpart, which joins them to its own, the last one first.
 */
final class UNetBlock {
  private enum Kind {
    DOWN,
    MIDDLE,
    UP
  }

  private final Kind kind;
  private final String name;
  private final UNetConfig config;
  private final int level;
  private final ParameterSet.Builder parameters;
  private final List<ResidualBlock> residuals = new ArrayList<>();
  private final List<SpatialTransformer> attentions = new ArrayList<>();
  private Convolution sampler;

  private UNetBlock(
      Kind kind, String name, UNetConfig config, int level, ParameterSet.Builder parameters) {
    this.kind = kind;
    this.name = name;
    this.config = config;
    this.level = level;
    this.parameters = parameters;
  }

  /**
   * Declares {@code resnets}, {@code attentions} and, except at the last level, {@code
   * downsamplers.0}.
   *
   * @param skips channels of the maps so far, to which it adds its own
   */
  static UNetBlock down(
      ParameterSet.Builder parameters,
      String name,
      UNetConfig config,
      int level,
      Deque<Integer> skips) {
    UNetBlock block = new UNetBlock(Kind.DOWN, name, config, level, parameters);
    int width = config.width(level);
    boolean attends = config.attentionLevels().contains(level);
    for (int i = 0; i < config.residualBlocks(); i++) {
      block.add(skips.peek(), attends);
      skips.push(width);
    }
    if (level < config.levels() - 1) {
      block.sampler =
          Convolution.halving(parameters.under("downsamplers").under("0").under("conv"), width);
      skips.push(width);
    }
    return block;
  }

  /** Declares {@code resnets.0} and, with attention, {@code attentions.0} and {@code resnets.1}. */
  static UNetBlock middle(ParameterSet.Builder parameters, String name, UNetConfig config) {
    int level = config.levels() - 1;
    UNetBlock block = new UNetBlock(Kind.MIDDLE, name, config, level, parameters);
    boolean attends = !config.attentionLevels().isEmpty();
    block.add(config.width(level), attends);
    if (attends) {
      block.add(config.width(level), false);
    }
    return block;
  }

  /**
   * Declares {@code resnets}, {@code attentions} and, except at the first level, {@code
   * upsamplers.0}.
   *
   * @param in channels of what comes from below
   * @param skips channels of the maps that are left, of which it takes its share
   */
  static UNetBlock up(
      ParameterSet.Builder parameters,
      String name,
      UNetConfig config,
      int level,
      int in,
      Deque<Integer> skips) {
    UNetBlock block = new UNetBlock(Kind.UP, name, config, level, parameters);
    int width = config.width(level);
    boolean attends = config.attentionLevels().contains(level);
    for (int i = 0; i <= config.residualBlocks(); i++) {
      block.add((i == 0 ? in : width) + skips.pop(), attends);
    }
    if (level > 0) {
      block.sampler =
          new Convolution(parameters.under("upsamplers").under("0").under("conv"), width, width);
    }
    return block;
  }

  private void add(int in, boolean attends) {
    int width = config.width(level);
    String place = Integer.toString(residuals.size());
    residuals.add(
        new ResidualBlock(
            parameters.under("resnets").under(place),
            in,
            width,
            UNetLayers.timeWidth(config),
            config.groups()));
    if (attends) {
      attentions.add(
          new SpatialTransformer(
              parameters.under("attentions").under(place),
              width,
              config.heads(),
              config.groups(),
              config.contextWidth()));
    }
  }

  /** What its parameters' names begin with. */
  String name() {
    return name;
  }

  /** Whether its maps go to the way up. */
  boolean givesSkips() {
    return kind == Kind.DOWN;
  }

  /**
   * The maps that it makes: all of them on the way down, else the last one.
   *
   * @param skips maps of the way down, the last one first, of which a block on the way up takes its
   *     share
   */
  List<Variable> forward(Tape tape, Variable x, Deque<Variable> skips, Told told) {
    List<Variable> maps = new ArrayList<>();
    Variable map = x;
    for (int i = 0; i < residuals.size(); i++) {
      if (kind == Kind.UP) {
        map = ConvolutionOperations.concatenate(tape, map, skips.pop());
      }
      map = residuals.get(i).forward(tape, map, told.time());
      if (i < attentions.size()) {
        map = attentions.get(i).forward(tape, map, told.context());
      }
      maps.add(map);
    }
    if (sampler != null) {
      Variable sampled = kind == Kind.UP ? ConvolutionOperations.upsample(tape, map) : map;
      maps.add(sampler.forward(tape, sampled));
    }
    return kind == Kind.DOWN ? maps : maps.subList(maps.size() - 1, maps.size());
  }

  /**
   * What every block is told.
   *
   * @param time (B, its width), behind its SiLU
   * @param context (B, M, its width), or null
   */
  record Told(Variable time, Variable context) {
    /** The same for blocks in which nothing trains. */
    Told fixed(Tape tape) {
      return new Told(
          tape.constant(time.value()), context == null ? null : tape.constant(context.value()));
    }
  }

  /** Multiply-adds of one image of this side, with so many tokens of context. */
  double multiplyAdds(double side, double contextTokens) {
    double pixels = Math.pow(side / (1 << level), 2);
    double sum = residuals.stream().mapToDouble(r -> r.multiplyAdds(pixels)).sum();
    sum += attentions.stream().mapToDouble(a -> a.multiplyAdds(pixels, contextTokens)).sum();
    if (sampler != null) {
      sum += sampler.multiplyAdds(kind == Kind.UP ? 4 * pixels : pixels / 4);
    }
    return sum;
  }
}
