package dev.autoprog.progressive.growth;

/** How a schedule's resolutions are rounded. */
public final class Resolutions {
  /** A resolution is never rounded down by more than this share. */
  private static final double LARGEST_ROUNDING_DOWN = 0.1;

  private Resolutions() {}

  /** The largest multiple of {@code step} that is not above {@code side}; of a smaller side, it. */
  public static int whole(int side, int step) {
    return side < step ? side : side / step * step;
  }

  /**
   * The nearest whole number of steps, or the one above where that would round down too far.
   *
   * @param wanted in pixels
   * @param step what the result is a multiple of, unless it is {@code most}
   * @param most the full resolution
   */
  public static int rounded(double wanted, int step, int most) {
    long steps = Math.max(1, Math.round(wanted / step));
    if (steps * step < wanted * (1 - LARGEST_ROUNDING_DOWN)) {
      steps++;
    }
    return (int) Math.min(most, steps * step);
  }
}
