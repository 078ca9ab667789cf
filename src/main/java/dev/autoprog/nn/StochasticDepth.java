package dev.autoprog.nn;

import dev.autoprog.autograd.Tape;
import dev.autoprog.tensor.Rng;
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

  private final double rate;
  private final int blocks;
  private final long seed;
  private final long step;
  private final List<Double> strengths;

  /**
   * The draws of one step.
   *
   * @param rate of the last block, in [0, 1)
   * @param blocks L, how many there are
   */
  public StochasticDepth(double rate, int blocks, long seed, long step) {
    this(rate, blocks, seed, step, List.of());
  }

  private StochasticDepth(double rate, int blocks, long seed, long step, List<Double> strengths) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("rate is " + rate + ", expected one in [0, 1)");
    }
    this.rate = rate;
    this.blocks = blocks;
    this.seed = seed;
    this.step = step;
    this.strengths = strengths;
  }

  /**
   * The same draws, where what a block's branches add counts several times, or in part.
   *
   * @param strengths how many times, one for each block
   */
  public StochasticDepth withStrengths(List<Double> strengths) {
    return new StochasticDepth(rate, blocks, seed, step, List.copyOf(strengths));
  }

  /**
   * The factor of each sample's branch: 0, or its block's strength over {@code 1 − p}.
   *
   * @return (B), or null where it is 1 for all
   */
  Tensor scale(Tape tape, long batch, int block, int branch) {
    double drop = blocks > 1 ? rate * block / (blocks - 1) : 0;
    double strength = strengths.isEmpty() ? 1 : strengths.get(block);
    if (drop == 0 && strength == 1) {
      return null;
    }
    Rng random = Rng.of(seed, step, block, branch);
    float kept = (float) (strength / (1 - drop));
    float[] scale = new float[Math.toIntExact(batch)];
    for (int b = 0; b < scale.length; b++) {
      scale[b] = random.nextDouble() < drop ? 0 : kept;
    }
    return tape.allocate(batch).set(scale);
  }
}
