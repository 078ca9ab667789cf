package dev.autoprog.nn;

import dev.autoprog.autograd.Tape;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/**
 * Stochastic depth (Huang et al. 2016): branch by branch and sample by sample, a residual branch is
 * dropped with a probability that rises linearly from 0 at the first block to {@code rate} at the
 * last, and the kept ones are scaled up. The draws depend on seed, step, block and branch alone.
 */
public final class StochasticDepth {
  /** Drops nothing: for evaluation, and for a rate of 0. */
  public static final StochasticDepth NONE = new StochasticDepth(0, 1, 0, 0);

  private static final int BRANCHES = 2;

  private final double rate;
  private final int blocks;
  private final long seed;
  private final long step;
  private final List<Double> strengths;
  private final Tensor drawn; // (L, 2, B), or null where branches are drawn one by one

  /**
   * The draws of one step.
   *
   * @param rate of the last block, in [0, 1)
   * @param blocks L, how many there are
   */
  public StochasticDepth(double rate, int blocks, long seed, long step) {
    this(rate, blocks, seed, step, List.of(), null);
  }

  private StochasticDepth(
      double rate, int blocks, long seed, long step, List<Double> strengths, Tensor drawn) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("rate is " + rate + ", expected one in [0, 1)");
    }
    this.rate = rate;
    this.blocks = blocks;
    this.seed = seed;
    this.step = step;
    this.strengths = strengths;
    this.drawn = drawn;
  }

  /** The probability with which a branch of the last block is dropped. */
  public double rate() {
    return rate;
  }

  /**
   * The same draws, where what a block's branches add counts several times, or in part.
   *
   * @param strengths how many times, one for each block; at a rate of 0, of any number of blocks
   */
  public StochasticDepth withStrengths(List<Double> strengths) {
    if (rate > 0 && strengths.size() != blocks) {
      throw new IllegalArgumentException(strengths.size() + " strengths for " + blocks + " blocks");
    }
    return new StochasticDepth(rate, strengths.size(), seed, step, List.copyOf(strengths), null);
  }

  /**
   * The same draws, made at once and brought to the step's arena: a forward pass then consists of
   * kernel calls alone.
   *
   * @param batch B, the samples
   */
  public StochasticDepth drawn(Session session, int batch) {
    float[] all = new float[blocks * BRANCHES * batch];
    boolean needed = false;
    for (int block = 0; block < blocks; block++) {
      for (int branch = 0; branch < BRANCHES && !keepsAll(block); branch++) {
        float[] scale = draw(batch, block, branch);
        System.arraycopy(scale, 0, all, (block * BRANCHES + branch) * batch, batch);
        needed = true;
      }
    }
    if (!needed) {
      return this;
    }
    Tensor tensor =
        session.arena().allocate(DType.FLOAT32, Shape.of(blocks, BRANCHES, batch)).set(all);
    return new StochasticDepth(rate, blocks, seed, step, strengths, tensor);
  }

  /**
   * The factor of each sample's branch: 0, or its block's strength over {@code 1 − p}.
   *
   * @return (B), or null where it is 1 for all
   */
  Tensor scale(Tape tape, long batch, int block, int branch) {
    if (keepsAll(block)) {
      return null;
    }
    if (drawn != null) {
      return drawn.rows(block, block + 1).reshape(BRANCHES, batch).rows(branch, branch + 1);
    }
    return tape.allocate(batch).set(draw(Math.toIntExact(batch), block, branch));
  }

  private double drop(int block) {
    return blocks > 1 ? rate * block / (blocks - 1) : 0;
  }

  private double strength(int block) {
    return strengths.isEmpty() ? 1 : strengths.get(block);
  }

  private boolean keepsAll(int block) {
    return drop(block) == 0 && strength(block) == 1;
  }

  private float[] draw(int batch, int block, int branch) {
    Rng random = Rng.of(seed, step, block, branch);
    float kept = (float) (strength(block) / (1 - drop(block)));
    float[] scale = new float[batch];
    for (int b = 0; b < scale.length; b++) {
      scale[b] = random.nextDouble() < drop(block) ? 0 : kept;
    }
    return scale;
  }
}
