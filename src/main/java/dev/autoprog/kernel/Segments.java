package dev.autoprog.kernel;

/**
 * Pieces of one flat buffer and where they go in another, in elements. The arrays are not copied.
 *
 * @param from where each piece begins
 * @param to where it goes
 * @param lengths how long it is
 */
public record Segments(long[] from, long[] to, long[] lengths) {
  /** Checks that there are as many of each. */
  public Segments {
    if (from.length != to.length || from.length != lengths.length) {
      throw new IllegalArgumentException(
          from.length + " sources, " + to.length + " targets, " + lengths.length + " lengths");
    }
  }
}
