package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ElementwiseKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/** Operations element by element, and sums over rows. */
interface ReferenceElementwise extends ElementwiseKernels {
  @Override
  default void fill(Tensor x, float value) {
    double[] values = Values.read(x);
    Arrays.fill(values, value);
    Values.write(values, x);
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    double[] sum = Values.read(a);
    double[] second = Values.read(b);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += second[i];
    }
    Values.write(sum, out);
  }

  @Override
  default void mixRows(RowsShape shape, Tensor a, Tensor x, Tensor b, Tensor y, Tensor out) {
    int columns = (int) shape.columns();
    double[] first = Values.read(a);
    double[] second = Values.read(b);
    double[] mixed = Values.read(x);
    double[] other = Values.read(y);
    for (int i = 0; i < mixed.length; i++) {
      mixed[i] = first[i / columns] * mixed[i] + second[i / columns] * other[i];
    }
    Values.write(mixed, out);
  }

  @Override
  default void linearCombination(
      float a, Tensor x, float b, Tensor y, float c, Tensor z, Tensor out) {
    double[] first = Values.read(x);
    double[] second = Values.read(y);
    double[] third = z == null ? null : Values.read(z);
    for (int i = 0; i < first.length; i++) {
      first[i] = a * first[i] + b * second[i] + (z == null ? 0 : c * third[i]);
    }
    Values.write(first, out);
  }

  @Override
  default void addExponential(Tensor x, float a, Tensor v, float b, Tensor z, Tensor out) {
    double[] sum = Values.read(x);
    double[] exponent = Values.read(v);
    double[] noise = Values.read(z);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += Math.exp(Math.min(a * exponent[i] + b, 80)) * noise[i];
    }
    Values.write(sum, out);
  }

  @Override
  default void clamp(float low, float high, Tensor x, Tensor out) {
    double[] values = Values.read(x);
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.min(Math.max(values[i], low), high);
    }
    Values.write(values, out);
  }

  @Override
  default void convert(Tensor from, Tensor to) {
    Values.write(Values.read(from), to);
  }

  @Override
  default void sumRows(RowsShape shape, Tensor x, Tensor sum) {
    int columns = (int) shape.columns();
    int stride = (int) shape.stride();
    double[] in = Values.read(x);
    double[] total = new double[columns];
    for (int r = 0; r < shape.rows(); r++) {
      for (int c = 0; c < columns; c++) {
        total[c] += in[r * stride + c];
      }
    }
    Values.add(total, sum);
  }
}
