package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ConcatenationShape;
import dev.autoprog.kernel.FeatureMapKernels;
import dev.autoprog.kernel.FeatureMapShape;
import dev.autoprog.tensor.Tensor;

/** Feature maps made larger, joined and split. */
interface ReferenceFeatureMap extends FeatureMapKernels {
  @Override
  default void upsampleForward(FeatureMapShape shape, Tensor x, Tensor y) {
    double[] small = Values.read(x);
    double[] large = new double[4 * small.length];
    for (int i = 0; i < large.length; i++) {
      large[i] = small[source(shape, i)];
    }
    Values.write(large, y);
  }

  @Override
  default void upsampleBackward(FeatureMapShape shape, Tensor dy, Tensor dx) {
    double[] large = Values.read(dy);
    double[] small = new double[large.length / 4];
    for (int i = 0; i < large.length; i++) {
      small[source(shape, i)] += large[i];
    }
    Values.write(small, dx);
  }

  /** The element of the small map that this one of the large map is. */
  private static int source(FeatureMapShape shape, int element) {
    int channels = (int) shape.channels();
    int width = (int) shape.width();
    int pixel = element / channels;
    int row = pixel / (2 * width); // of all samples' rows
    int column = pixel % (2 * width);
    return (row / 2 * width + column / 2) * channels + element % channels;
  }

  @Override
  default void concatenate(ConcatenationShape shape, Tensor a, Tensor b, Tensor out) {
    int first = (int) shape.first();
    int second = (int) shape.second();
    double[] left = Values.read(a);
    double[] right = Values.read(b);
    double[] joined = new double[left.length + right.length];
    for (int r = 0; r < shape.rows(); r++) {
      System.arraycopy(left, r * first, joined, r * (first + second), first);
      System.arraycopy(right, r * second, joined, r * (first + second) + first, second);
    }
    Values.write(joined, out);
  }

  @Override
  default void split(ConcatenationShape shape, Tensor x, Tensor a, Tensor b) {
    double[] joined = Values.read(x);
    if (a != null) {
      Values.write(columns(shape, joined, 0, (int) shape.first()), a);
    }
    if (b != null) {
      Values.write(columns(shape, joined, (int) shape.first(), (int) shape.second()), b);
    }
  }

  private static double[] columns(ConcatenationShape shape, double[] rows, int first, int count) {
    double[] columns = new double[(int) shape.rows() * count];
    for (int r = 0; r < shape.rows(); r++) {
      System.arraycopy(rows, r * (int) shape.columns() + first, columns, r * count, count);
    }
    return columns;
  }
}
