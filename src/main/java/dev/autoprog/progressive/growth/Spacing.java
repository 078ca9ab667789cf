package dev.autoprog.progressive.growth;

/** How the manual schedule's resolutions and depths rise from the first stage to the last. */
public enum Spacing {
  /** By the same amount from stage to stage, as in the papers: 2, 4, 6, 8 blocks. */
  LINEAR,
  /** By the same factor: 2, 3, 5, 8 blocks. More of the stages are cheap. */
  GEOMETRIC;

  /**
   * The share of the goal at some point of the way.
   *
   * @param from the share at the beginning, above 0
   * @param progress 0 at the first stage, 1 at the last
   */
  double at(double from, double progress) {
    return switch (this) {
      case LINEAR -> from + (1 - from) * progress;
      case GEOMETRIC -> Math.pow(from, 1 - progress);
    };
  }
}
