package dev.autoprog.train;

import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.Segments;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.TransformerBlock;
import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthMap.Kind;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Carries what a network keeps per parameter (weights, averages, moments) over to a deeper or
 * shallower one, block by block, and everything outside the blocks as it is.
 */
final class BlockTransfer {
  private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(.+)");

  private final Kernels kernels;
  private final ParameterSet grown;
  private final List<GrowthMap.Block> blocks;
  private final List<Double> strengths;
  private final Carried copies;
  private final Carried firstCopies;

  /**
   * The transfer from the parameters {@code before} to the layout of {@code grown}.
   *
   * @param blocks where each block of the latter comes from
   * @param strengths how much of what that added each adds
   */
  BlockTransfer(
      Kernels kernels,
      ParameterSet before,
      ParameterSet grown,
      List<GrowthMap.Block> blocks,
      List<Double> strengths) {
    this.kernels = kernels;
    this.grown = grown;
    this.blocks = blocks;
    this.strengths = strengths;
    this.copies = carried(before, block -> blocks.get(block).kind() != Kind.FRESH);
    Set<Integer> seen = new HashSet<>();
    List<Boolean> first = blocks.stream().map(block -> seen.add(block.source())).toList();
    this.firstCopies = carried(before, first::get);
  }

  /**
   * Weights or averages: fresh blocks keep what {@code to} holds, the ends of the others' residual
   * branches are as strong as they should be.
   */
  void weights(Tensor from, Tensor to) {
    kernels.copySegments(copies.segments(), from, to);
    for (Parameter parameter : grown.all()) {
      Matcher name = BLOCK.matcher(parameter.name());
      if (name.matches() && isBranchEnd(name.group(2))) {
        double strength = strengths.get(Integer.parseInt(name.group(1)));
        scale(grown.placeIn(to, parameter), strength);
      }
    }
  }

  private void scale(Tensor x, double factor) {
    if (factor == 0) {
      kernels.fill(x, 0);
    } else if (factor != 1) {
      kernels.linearCombination((float) factor, x, 0, x, 0, null, x);
    }
  }

  /** Moments of the optimizer: of every copied block, or of first appearances alone. */
  void moments(Tensor from, Tensor to, RunConfig.Moments grownBlocks) {
    kernels.copySegments(withMoments(grownBlocks).segments(), from, to);
  }

  /** What has no moments yet is as if it had never been updated: {@code steps} were missed. */
  void updateCounts(long steps, RunConfig.Moments grownBlocks) {
    grown.all().forEach(parameter -> parameter.missedUpdates(steps));
    Carried carried = withMoments(grownBlocks);
    for (int i = 0; i < carried.to().size(); i++) {
      carried.to().get(i).missedUpdates(carried.from().get(i).missedUpdates());
    }
  }

  private Carried withMoments(RunConfig.Moments grownBlocks) {
    return grownBlocks == RunConfig.Moments.COPY ? copies : firstCopies;
  }

  /** The parameters that something is carried over from, and those that it is carried to. */
  private record Carried(List<Parameter> from, List<Parameter> to) {
    Segments segments() {
      return new Segments(
          from.stream().mapToLong(Parameter::offset).toArray(),
          to.stream().mapToLong(Parameter::offset).toArray(),
          to.stream().mapToLong(p -> p.shape().elements()).toArray());
    }
  }

  private Carried carried(ParameterSet before, IntPredicate isCarried) {
    List<Parameter> from = new ArrayList<>();
    List<Parameter> to = new ArrayList<>();
    for (Parameter parameter : grown.all()) {
      Matcher name = BLOCK.matcher(parameter.name());
      if (!name.matches()) {
        from.add(before.named(parameter.name()));
        to.add(parameter);
        continue;
      }
      int block = Integer.parseInt(name.group(1));
      if (isCarried.test(block)) {
        int source = blocks.get(block).source();
        from.add(before.named("blocks." + source + "." + name.group(2)));
        to.add(parameter);
      }
    }
    return new Carried(from, to);
  }

  private static boolean isBranchEnd(String name) {
    return TransformerBlock.BRANCH_ENDS.contains(name.substring(0, name.lastIndexOf('.')));
  }
}
