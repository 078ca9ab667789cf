package dev.autoprog.data;

import dev.autoprog.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/**
 * RandAugment (Cubuk et al. 2020, arXiv 1909.13719) as timm's {@code rand-mM-mstdS-inc1} applies
 * it: two operations an image, one after the other, each chosen among fourteen, applied with
 * probability ½, and with a magnitude of its own. Which fourteen, and what a magnitude means to
 * each, stands at {@link RandAugmentOperation}.
 *
 * <p>It works on the stored image, before it is cropped and resized, so that an image is changed in
 * the same way at every resolution.
 *
 * @param magnitude M, the mean of the magnitudes, in [0, 10]; 0 switches all of it off
 * @param magnitudeStd S, their standard deviation: drawn from N(M, S²) and clamped to [0, 10]
 * @param fill per channel, from 0 to 255: what an image that was turned, sheared or moved shows
 *     where it had no pixels
 */
public record RandAugment(double magnitude, double magnitudeStd, List<Integer> fill) {
  /** Leaves images as they are. */
  public static final RandAugment NONE = new RandAugment(0, 0, List.of());

  /** The largest magnitude. */
  public static final double MAX_MAGNITUDE = 10;

  private static final int OPERATIONS = 2;
  private static final double PROBABILITY = 0.5;
  private static final int WHITE = 255;

  /** Checks the ranges above. */
  public RandAugment {
    fill = List.copyOf(fill);
    if (!(magnitude >= 0 && magnitude <= MAX_MAGNITUDE)) {
      throw new IllegalArgumentException("magnitude is " + magnitude + ", not in [0, 10]");
    }
    if (!(magnitudeStd >= 0 && Double.isFinite(magnitudeStd))) {
      throw new IllegalArgumentException(
          "magnitudeStd is " + magnitudeStd + ", not a finite number of at least 0");
    }
    if (fill.stream().anyMatch(value -> value < 0 || value > WHITE)) {
      throw new IllegalArgumentException("fill is " + fill + ", not from 0 to 255");
    }
  }

  /** With the mean of each channel as fill, which normalisation makes 0. */
  public static RandAugment of(
      double magnitude, double magnitudeStd, ChannelStatistics statistics) {
    List<Integer> fill = new ArrayList<>();
    for (float mean : statistics.mean()) {
      fill.add(Math.round(WHITE * mean));
    }
    return new RandAugment(magnitude, magnitudeStd, fill);
  }

  /** Whether images stay as they are. */
  public boolean isOff() {
    return magnitude == 0;
  }

  /** Changes an image at random, unless this is off. */
  void apply(Rng rng, Planes image) {
    if (!isOff()) {
      for (int i = 0; i < OPERATIONS; i++) {
        Choice choice = draw(rng);
        if (choice.applied()) {
          choice
              .operation()
              .apply(image, choice.magnitude() / MAX_MAGNITUDE, choice.negated(), fill);
        }
      }
    }
  }

  /** Draws one operation and all that may matter to it. */
  Choice draw(Rng rng) {
    RandAugmentOperation operation =
        RandAugmentOperation.at(rng.nextInt(RandAugmentOperation.count()));
    boolean applied = rng.nextDouble() < PROBABILITY;
    double drawn = magnitude + magnitudeStd * rng.nextGaussian();
    boolean negated = rng.nextDouble() < 0.5;
    return new Choice(operation, applied, Math.min(Math.max(drawn, 0), MAX_MAGNITUDE), negated);
  }

  /**
   * One of an image's operations.
   *
   * @param applied whether it is carried out
   * @param magnitude in [0, 10]
   * @param negated which way it goes, where there are two
   */
  record Choice(
      RandAugmentOperation operation, boolean applied, double magnitude, boolean negated) {}
}
