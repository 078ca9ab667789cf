package dev.autoprog.data;

import dev.autoprog.tensor.Rng;
import org.apache.commons.math3.distribution.BetaDistribution;

/**
 * Mixup (Zhang et al. 2018, arXiv 1710.09412) and cutmix (Yun et al. 2019, arXiv 1905.04899), batch
 * by batch as timm does it: all pairs of a batch are mixed alike. What a batch gets depends on the
 * seed, the epoch, the batch's number and the resolution alone; every number is drawn whether it is
 * used or not, so that changing one field leaves the other decisions as they were.
 *
 * @param mixupAlpha α: λ is drawn from Beta(α, α); 0 for no mixup
 * @param cutmixAlpha the same for cutmix: the box has {@code 1 − λ} of the image's area, its middle
 *     is uniform in the image, and what would reach over the border is cut off; 0 for no cutmix
 * @param probability of mixing a batch at all
 * @param switchProbability of cutmix where both might be done
 */
public record Mixup(
    double mixupAlpha, double cutmixAlpha, double probability, double switchProbability) {
  /** Mixes nothing. */
  public static final Mixup NONE = new Mixup(0, 0, 0, 0);

  private static final double MIN_ALPHA = 1e-6; // λ is as good as 0 or 1
  private static final double MAX_ALPHA = 1000; // λ is as good as ½
  private static final long MIX = 0x6d6978L;

  /** Checks that each α is 0 or in [1e-6, 1000], and that the probabilities are in [0, 1]. */
  public Mixup {
    requireAlpha("mixupAlpha", mixupAlpha);
    requireAlpha("cutmixAlpha", cutmixAlpha);
    requireProbability("probability", probability);
    requireProbability("switchProbability", switchProbability);
  }

  /** Whether there is a distribution Beta(α, α) that can be drawn from, or none is meant. */
  public static boolean isAlpha(double alpha) {
    return alpha == 0 || alpha >= MIN_ALPHA && alpha <= MAX_ALPHA;
  }

  /**
   * Draws how a batch is mixed.
   *
   * @param number which batch of its epoch it is
   * @param side R, height and width of the images in pixels
   */
  public Mix draw(long seed, int epoch, int number, int side) {
    Rng rng = Rng.of(seed, MIX, epoch, number);
    boolean mixed = rng.nextDouble() < probability;
    boolean switched = rng.nextDouble() < switchProbability;
    double quantile = rng.nextDouble();
    double vertical = rng.nextDouble();
    double horizontal = rng.nextDouble();
    if (!mixed || mixupAlpha == 0 && cutmixAlpha == 0) {
      return Mix.NONE;
    }
    if (mixupAlpha == 0 || cutmixAlpha > 0 && switched) {
      return cut(beta(cutmixAlpha, quantile), vertical, horizontal, side);
    }
    float lambda = (float) beta(mixupAlpha, quantile);
    return new Mix(0, 0, side, side, lambda, lambda);
  }

  private static Mix cut(double lambda, double vertical, double horizontal, int side) {
    int half = (int) (side * Math.sqrt(1 - lambda)) / 2;
    int middleY = (int) (vertical * side);
    int middleX = (int) (horizontal * side);
    int top = Math.max(middleY - half, 0);
    int left = Math.max(middleX - half, 0);
    int height = Math.min(middleY + half, side) - top;
    int width = Math.min(middleX + half, side) - left;
    double area = (double) height * width / ((double) side * side);
    return new Mix(top, left, height, width, 0, (float) (1 - area));
  }

  /** The value below which Beta(α, α) has this share of its mass. */
  private static double beta(double alpha, double quantile) {
    return new BetaDistribution(null, alpha, alpha).inverseCumulativeProbability(quantile);
  }

  private static void requireAlpha(String name, double value) {
    if (!isAlpha(value)) {
      throw new IllegalArgumentException(name + " is " + value + ", neither 0 nor in [1e-6, 1000]");
    }
  }

  private static void requireProbability(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is " + value + ", not in [0, 1]");
    }
  }
}
