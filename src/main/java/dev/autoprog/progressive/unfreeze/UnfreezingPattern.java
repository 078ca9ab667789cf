package dev.autoprog.progressive.unfreeze;

import java.util.List;
import java.util.stream.IntStream;

/** Which blocks an unfreezing level trains. */
public enum UnfreezingPattern {
  /**
   * Block i at level l if {@code i mod 4 < l}, as the paper means it: what is trained is spread
   * over the depth. Gradients must pass through all blocks, so only those of frozen weights are
   * saved.
   */
  INTERLEAVED,
  /**
   * The last {@code ⌈l·L/4⌉} blocks. The backward pass ends below them, which saves most of what
   * the frozen blocks cost.
   *
   * <p>It is an approximation for what conditions all blocks: the embeddings of timestep, class and
   * stage learn by what the trained blocks and the output make of them, and not by what the frozen
   * ones do, to which nothing goes back. The measures take the same gradient that training would.
   */
  CONTIGUOUS_TAIL;

  /** The level that trains every block; 1 is the least. */
  public static final int HIGHEST_LEVEL = 4;

  /**
   * Whether a block is trained.
   *
   * @param block from 0
   * @param depth L, how many there are
   * @param level from 1 to {@value #HIGHEST_LEVEL}
   */
  public boolean trains(int block, int depth, int level) {
    requireLevel(level);
    if (block < 0 || block >= depth) {
      throw new IllegalArgumentException("block " + block + " of " + depth);
    }
    return switch (this) {
      case INTERLEAVED -> block % HIGHEST_LEVEL < level;
      case CONTIGUOUS_TAIL -> block >= depth - (depth * level + HIGHEST_LEVEL - 1) / HIGHEST_LEVEL;
    };
  }

  /** All blocks that are trained, in order. */
  public List<Integer> trained(int depth, int level) {
    return IntStream.range(0, depth).filter(i -> trains(i, depth, level)).boxed().toList();
  }

  static void requireLevel(int level) {
    if (level < 1 || level > HIGHEST_LEVEL) {
      throw new IllegalArgumentException(
          "an unfreezing level of " + level + ", expected 1 to " + HIGHEST_LEVEL);
    }
  }
}
