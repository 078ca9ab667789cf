package dev.autoprog.progressive.unfreeze;

import java.util.Arrays;
import org.apache.commons.math3.random.MersenneTwister;

/**
 * Which stage's identifier each image of a batch bears (Li et al. 2024): the present stage's, or,
 * dropped now and then, that which stands for none. One set of weights so holds what each stage's
 * resolution taught.
 *
 * @param stages K
 * @param dropRate share of the images that bear none
 */
public record StageIdentifier(int stages, double dropRate) {
  /** The paper's share. */
  public static final double DEFAULT_DROP_RATE = 0.1;

  /** Keeps these draws apart from others of the same seed. */
  private static final int STREAM = 0x5349_44;

  /** Checks the ranges. */
  public StageIdentifier {
    if (stages < 1 || !(dropRate >= 0 && dropRate <= 1)) {
      throw new IllegalArgumentException(
          stages + " stages and a drop rate of " + dropRate + ", expected 1 or more and a share");
    }
  }

  /** The identifier of no stage: the last row of the table, which has K + 1. */
  public int none() {
    return stages;
  }

  /**
   * The identifiers of a training batch.
   *
   * @param stage s, from 0
   * @param step whose batch it is
   */
  public int[] ofBatch(int stage, int size, long seed, long step) {
    require(stage);
    int[] key = {(int) (seed >>> 32), (int) seed, STREAM, (int) (step >>> 32), (int) step};
    MersenneTwister random = new MersenneTwister(key);
    int[] identifiers = new int[size];
    for (int i = 0; i < size; i++) {
      identifiers[i] = random.nextDouble() < dropRate ? none() : stage;
    }
    return identifiers;
  }

  /** The identifiers of images that are sampled. */
  public int[] ofSamples(int stage, int size) {
    require(stage);
    int[] identifiers = new int[size];
    Arrays.fill(identifiers, stage);
    return identifiers;
  }

  private void require(int stage) {
    if (stage < 0 || stage >= stages) {
      throw new IllegalArgumentException(
          "a stage identifier of " + stage + ", expected 0 to " + (stages - 1));
    }
  }
}
