package dev.autoprog.progressive.search;

import dev.autoprog.progressive.growth.GrowthMap;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A candidate as a part of the supernet: it runs through some of its blocks and passes the others
 * by. Weights are shared; nothing is copied.
 *
 * @param candidate its resolution and depth
 * @param blocks of the supernet that it runs through, counted from 0, ascending
 */
public record SubNetwork(Candidate candidate, List<Integer> blocks) {
  /** Checks that there are as many blocks as the candidate is deep, in order. */
  public SubNetwork {
    blocks = List.copyOf(blocks);
    if (blocks.size() != candidate.depth()
        || blocks.get(0) < 0
        || !blocks.equals(List.copyOf(new TreeSet<>(blocks)))) {
      throw new IllegalArgumentException(
          candidate + " runs through " + blocks + ", expected as many blocks, ascending from 0");
    }
  }

  /**
   * The candidate within the supernet that {@code supernet} grows to: every block that was there
   * before, and the deepest of the added ones (Li et al. 2022). As everywhere, a block's first
   * appearance in the map is itself, and each later one was added. So the least deep sub-network is
   * the network before the growth.
   *
   * @throws IllegalArgumentException if the candidate is shallower than the network before or
   *     deeper than the supernet, or the map has lost a block
   */
  public static SubNetwork of(GrowthMap supernet, Candidate candidate) {
    int depth = candidate.depth();
    if (depth < supernet.from() || depth > supernet.to()) {
      throw new IllegalArgumentException(
          candidate + ", expected " + supernet.from() + " to " + supernet.to() + " blocks");
    }
    List<Integer> kept = new ArrayList<>();
    List<Integer> added = new ArrayList<>();
    Set<Integer> seen = new HashSet<>();
    for (int block = 0; block < supernet.to(); block++) {
      boolean first = seen.add(supernet.blocks().get(block).source());
      (first ? kept : added).add(block);
    }
    if (kept.size() != supernet.from()) {
      throw new IllegalArgumentException(supernet + " has lost a block, expected every one kept");
    }
    int additional = depth - supernet.from();
    kept.addAll(added.subList(added.size() - additional, added.size()));
    return new SubNetwork(candidate, kept.stream().sorted().toList());
  }
}
