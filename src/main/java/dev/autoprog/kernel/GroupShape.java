package dev.autoprog.kernel;

/**
 * Feature maps whose channels form groups of neighbours.
 *
 * @param batch B
 * @param pixels N, of a map: H·W
 * @param channels C
 * @param groups G, of C/G channels each
 */
public record GroupShape(long batch, long pixels, long channels, long groups) {
  /** Checks that all are positive and the groups are equal. */
  public GroupShape {
    Shapes.positive("batch", batch, "pixels", pixels, "channels", channels, "groups", groups);
    if (channels % groups != 0) {
      throw new IllegalArgumentException(
          channels + " channels do not form " + groups + " equal groups");
    }
  }

  /** Channels of one group. */
  public long groupChannels() {
    return channels / groups;
  }
}
