package dev.autoprog.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** An immutable row-major shape; the last dimension is contiguous. Rank 0 is a scalar. */
public final class Shape {
  private final long[] dims;
  private final long elements;

  private Shape(long[] dims) {
    long product = 1;
    for (long d : dims) {
      if (d < 1) {
        throw new IllegalArgumentException(
            "Shape " + Arrays.toString(dims) + " has a dimension below 1");
      }
      if (product > Long.MAX_VALUE / d) {
        throw new IllegalArgumentException(
            "Shape " + Arrays.toString(dims) + " has more elements than a long counts");
      }
      product *= d;
    }
    this.dims = dims;
    this.elements = product;
  }

  /**
   * The shape with these dimensions, outermost first.
   *
   * @throws IllegalArgumentException if one is below 1, or their product beyond 2⁶³ − 1
   */
  public static Shape of(long... dims) {
    return new Shape(dims.clone());
  }

  /** How many dimensions there are. */
  public int rank() {
    return dims.length;
  }

  /**
   * Dimension {@code i}, counted from the outermost; negative values count from the innermost.
   *
   * @throws IndexOutOfBoundsException if there are not so many
   */
  public long dim(int i) {
    int index = i < 0 ? dims.length + i : i;
    if (index < 0 || index >= dims.length) {
      throw new IndexOutOfBoundsException("No dimension " + i + " in " + this);
    }
    return dims[index];
  }

  /** How many elements there are: the product of all dimensions. */
  public long elements() {
    return elements;
  }

  /** The dimensions, outermost first, in a fresh array. */
  public long[] toArray() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "(", ")"));
  }
}
