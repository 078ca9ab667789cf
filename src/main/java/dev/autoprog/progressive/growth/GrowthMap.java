package dev.autoprog.progressive.growth;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Where each block of a grown stack comes from.
 *
 * @param from L, blocks before
 * @param to L′, blocks after
 * @param weights which weights are carried over, those of the blocks and all others
 * @param blocks one entry per block of the grown stack, first block first
 */
public record GrowthMap(int from, int to, Weights weights, List<Block> blocks) {
  /** Checks that every block has a source that exists. */
  public GrowthMap {
    blocks = List.copyOf(blocks);
    if (from < 1 || to < from || blocks.size() != to) {
      throw new IllegalArgumentException(
          "a map from " + from + " to " + to + " blocks with " + blocks.size() + " entries");
    }
    for (Block block : blocks) {
      if (block.source() < 0 || block.source() >= from) {
        throw new IllegalArgumentException("no block " + block.source() + " among " + from);
      }
    }
  }

  /** The network whose weights the grown one takes. */
  public enum Weights {
    /** The network as it was trained. */
    ONLINE,
    /** Its slowest exponential moving average. */
    MOMENTUM
  }

  /** What a block of the grown stack is. */
  public enum Kind {
    /** A copy of its source. */
    COPY,
    /** A block with fresh, random weights. */
    FRESH,
    /** A copy of its source whose residual branches add nothing, so that the function stays. */
    IDENTITY,
    /** A copy of its source that adds an equal share with all the others of that source. */
    SHARE
  }

  /** How much of what its source added a block adds at first; of a fresh one, 1. */
  public double strength(int block) {
    return switch (blocks.get(block).kind()) {
      case COPY, FRESH -> 1;
      case IDENTITY -> 0;
      case SHARE -> 1.0 / copies(blocks.get(block).source());
    };
  }

  /** How many blocks stem from a source. */
  public int copies(int source) {
    return (int) blocks.stream().filter(block -> block.source() == source).count();
  }

  /**
   * One block of the grown stack.
   *
   * @param source the block that it stems from, or, when fresh, the one that it stands behind
   */
  public record Block(int source, Kind kind) {}

  @Override
  public String toString() {
    return blocks.stream()
        .map(b -> b.kind() == Kind.COPY ? "" + b.source() : b.source() + "+" + b.kind())
        .collect(Collectors.joining(" ", from + " → " + to + " " + weights + ": ", ""));
  }
}
