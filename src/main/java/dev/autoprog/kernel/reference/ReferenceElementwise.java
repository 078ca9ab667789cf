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
