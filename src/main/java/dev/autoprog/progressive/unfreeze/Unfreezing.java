package dev.autoprog.progressive.unfreeze;

import java.util.Comparator;

/**
 * What a stage of fine-tuning may train. In order of resolution, then level.
 *
 * @param resolution R, image side in pixels
 * @param level how many of the blocks are trained, from 1 to {@value
 *     UnfreezingPattern#HIGHEST_LEVEL} for all
 */
public record Unfreezing(int resolution, int level) implements Comparable<Unfreezing> {
  private static final Comparator<Unfreezing> ORDER =
      Comparator.comparingInt(Unfreezing::resolution).thenComparingInt(Unfreezing::level);

  /** Checks the ranges. */
  public Unfreezing {
    if (resolution < 1) {
      throw new IllegalArgumentException("a resolution of " + resolution + " px");
    }
    UnfreezingPattern.requireLevel(level);
  }

  @Override
  public int compareTo(Unfreezing other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return resolution + " px, level " + level;
  }
}
