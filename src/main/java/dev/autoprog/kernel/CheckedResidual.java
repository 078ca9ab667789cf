package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ResidualKernels}. */
interface CheckedResidual extends CheckedFamily, ResidualKernels {
  @Override
  default void residualForward(RowsShape s, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    begin("residualForward")
        .dense(s)
        .activation("x", x, elements(s.rows(), s.columns()))
        .activation("branch", branch, elements(s.rows(), s.columns()))
        .inputOrNull("scale", scale, s.rows())
        .result("y", y, elements(s.rows(), s.columns()), x);
    unchecked().residualForward(s, x, branch, scale, y);
  }

  @Override
  default void residualBackward(RowsShape s, Tensor dy, Tensor scale, Tensor dBranch) {
    begin("residualBackward")
        .dense(s)
        .activation("dy", dy, elements(s.rows(), s.columns()))
        .input("scale", scale, s.rows())
        .result("dBranch", dBranch, elements(s.rows(), s.columns()));
    unchecked().residualBackward(s, dy, scale, dBranch);
  }
}
