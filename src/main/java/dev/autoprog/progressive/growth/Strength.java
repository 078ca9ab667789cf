package dev.autoprog.progressive.growth;

/**
 * How strongly a stage regularises.
 *
 * @param stochasticDepth rate of the last block's branches, in [0, 1)
 * @param erase probability of erasing a rectangle of an image, in [0, 1]
 * @param minCropArea smallest share of an image that a random crop keeps, in (0, 1]
 * @param randAugment magnitude of RandAugment, in [0, 10]; 0 for none
 */
public record Strength(
    double stochasticDepth, double erase, double minCropArea, double randAugment) {
  /** Checks the ranges above. */
  public Strength {
    if (!(stochasticDepth >= 0 && stochasticDepth < 1)) {
      throw new IllegalArgumentException(
          "stochastic depth is " + stochasticDepth + ", expected a rate in [0, 1)");
    }
    if (!(erase >= 0 && erase <= 1)) {
      throw new IllegalArgumentException(
          "erase is " + erase + ", expected a probability in [0, 1]");
    }
    if (!(minCropArea > 0 && minCropArea <= 1)) {
      throw new IllegalArgumentException(
          "min crop area is " + minCropArea + ", expected a share in (0, 1]");
    }
    if (!(randAugment >= 0 && randAugment <= 10)) {
      throw new IllegalArgumentException(
          "rand augment is " + randAugment + ", expected a magnitude in [0, 10]");
    }
  }
}
