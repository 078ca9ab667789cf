package dev.autoprog.train;

import dev.autoprog.progressive.search.SubNetwork;
import java.util.Collections;
import java.util.List;

/**
 * The way through some of a network's blocks.
 *
 * @param blocks that are run through, in order
 * @param strengths how many times what each of them adds counts
 */
record BlockPath(List<Integer> blocks, List<Double> strengths) {
  /** Through blocks that count as they are. */
  static BlockPath of(List<Integer> blocks) {
    return new BlockPath(blocks, Collections.nCopies(blocks.size(), 1.0));
  }

  /** That of a sub-network. */
  static BlockPath of(SubNetwork network) {
    return new BlockPath(network.blocks(), network.strengths());
  }
}
