package dev.autoprog.kernel;

import java.util.Comparator;
import java.util.stream.IntStream;

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

  /** Segment {@code i} in words. */
  String describe(int i) {
    return lengths[i] + " elements from " + from[i] + " to " + to[i];
  }

  /** Whether segment {@code i} lies in buffers of so many elements. */
  boolean inside(int i, long fromElements, long toElements) {
    return from[i] >= 0
        && to[i] >= 0
        && lengths[i] >= 0
        && from[i] <= fromElements - lengths[i]
        && to[i] <= toElements - lengths[i];
  }

  /** A segment whose target begins before the end of another's, or −1 if there is none. */
  int firstOverlap() {
    Integer[] order =
        IntStream.range(0, to.length)
            .filter(i -> lengths[i] > 0)
            .boxed()
            .sorted(Comparator.comparingLong(i -> to[i]))
            .toArray(Integer[]::new);
    for (int i = 1; i < order.length; i++) {
      if (to[order[i]] < to[order[i - 1]] + lengths[order[i - 1]]) {
        return order[i];
      }
    }
    return -1;
  }
}
