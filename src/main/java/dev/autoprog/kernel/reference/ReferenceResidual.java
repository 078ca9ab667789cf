package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.ResidualKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;
import java.util.Arrays;

/** Residual branches with a factor per sample. */
interface ReferenceResidual extends ResidualKernels {
  @Override
  default void residualForward(RowsShape shape, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    int columns = (int) shape.columns();
    double[] values = Values.read(x);
    double[] branches = Values.read(branch);
    double[] factors = scale == null ? ones((int) shape.rows()) : Values.read(scale);
    for (int i = 0; i < values.length; i++) {
      values[i] += factors[i / columns] * branches[i];
    }
    Values.write(values, y);
  }

  @Override
  default void residualBackward(RowsShape shape, Tensor dy, Tensor scale, Tensor dBranch) {
    int columns = (int) shape.columns();
    double[] gradient = Values.read(dy);
    double[] factors = Values.read(scale);
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] *= factors[i / columns];
    }
    Values.write(gradient, dBranch);
  }

  private static double[] ones(int n) {
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    return ones;
  }
}
