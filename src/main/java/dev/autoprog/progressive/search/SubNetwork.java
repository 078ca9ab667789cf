package dev.autoprog.progressive.search;

import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthOperator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/**
 * A candidate as a part of the supernet: it runs through some of its blocks and passes the others
 * by. Weights are shared; nothing is copied.
 *
 * @param candidate its resolution and depth
 * @param blocks of the supernet that it runs through, counted from 0, ascending
 * @param strengths how many times what each of these blocks adds counts: above 1 where the supernet
 *     shares out among more blocks than this has what one block added
 */
public record SubNetwork(Candidate candidate, List<Integer> blocks, List<Double> strengths) {
  /** Checks that there are as many blocks as the candidate is deep, in order. */
  public SubNetwork {
    blocks = List.copyOf(blocks);
    strengths = List.copyOf(strengths);
    if (strengths.size() != blocks.size()) {
      throw new IllegalArgumentException(blocks + " with strengths " + strengths);
    }
    if (blocks.size() != candidate.depth()
        || blocks.get(0) < 0
        || !blocks.equals(List.copyOf(new TreeSet<>(blocks)))) {
      throw new IllegalArgumentException(
          candidate + " runs through " + blocks + ", expected as many blocks, ascending from 0");
    }
  }

  /** A sub-network whose blocks count as they are. */
  public SubNetwork(Candidate candidate, List<Integer> blocks) {
    this(candidate, blocks, Collections.nCopies(blocks.size(), 1.0));
  }

  /**
   * The candidate within the supernet that {@code supernet} grows to: of each block before the
   * growth as many copies, the first ones, as {@code operator} would have made on the way to the
   * candidate's depth. So a sub-network is what growing to its depth alone would have built; the
   * least deep one is the network before the growth, and each is a part of every deeper one.
   *
   * <p>Li et al. (2022) instead add the supernet's deepest blocks first. From 2 to 8 blocks their
   * candidate of 5 has one copy of the first block and four of the second, where growth to 5 has
   * two and three; stage by stage a network comes to consist of copies of its last block.
   *
   * @param operator that {@code supernet} is a map of
   * @throws IllegalArgumentException if the candidate is shallower than the network before or
   *     deeper than the supernet, or the map is not one of the operator's
   */
  public static SubNetwork of(GrowthOperator operator, GrowthMap supernet, Candidate candidate) {
    int depth = candidate.depth();
    if (depth < supernet.from() || depth > supernet.to()) {
      throw new IllegalArgumentException(
          candidate + ", expected " + supernet.from() + " to " + supernet.to() + " blocks");
    }
    GrowthMap alone = operator.map(supernet.from(), depth);
    int[] missing = new int[supernet.from()];
    Arrays.setAll(missing, alone::copies);
    List<Integer> kept = new ArrayList<>();
    List<Double> strengths = new ArrayList<>();
    for (int block = 0; block < supernet.to(); block++) {
      GrowthMap.Block b = supernet.blocks().get(block);
      if (missing[b.source()]-- > 0) {
        kept.add(block);
        boolean shared = b.kind() == GrowthMap.Kind.SHARE;
        int source = b.source();
        strengths.add(shared ? (double) supernet.copies(source) / alone.copies(source) : 1);
      }
    }
    if (kept.size() != depth) {
      throw new IllegalArgumentException(
          supernet + " has no " + candidate + " as " + operator + " would grow it");
    }
    return new SubNetwork(candidate, kept, strengths);
  }
}
