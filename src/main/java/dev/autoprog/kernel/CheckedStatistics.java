package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link StatisticsKernels}. */
interface CheckedStatistics extends CheckedFamily, StatisticsKernels {
  @Override
  default void ntkGramContracted(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    gram("ntkGramContracted", s, x, dy, gram);
    unchecked().ntkGramContracted(s, x, dy, gram);
  }

  @Override
  default void ntkGramTiled(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    gram("ntkGramTiled", s, x, dy, gram);
    unchecked().ntkGramTiled(s, x, dy, gram);
  }

  private void gram(String kernel, JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    begin(kernel)
        .activation("x", x, elements(s.samples(), s.tokens(), s.in()))
        .activation("dy", dy, elements(s.samples(), s.tokens(), s.out()))
        .output("gram", gram, DType.FLOAT64, elements(s.samples(), s.samples()));
  }

  @Override
  default void ntkGramRows(RowsShape s, Tensor g, Tensor gram) {
    begin("ntkGramRows")
        .dense(s)
        .input("g", g, elements(s.rows(), s.columns()))
        .output("gram", gram, DType.FLOAT64, elements(s.rows(), s.rows()));
    unchecked().ntkGramRows(s, g, gram);
  }

  @Override
  default void zicoUpdate(long batch, Tensor g, Tensor mean, Tensor magnitude, Tensor squares) {
    ArgumentChecks checks = begin("zicoUpdate").input("g", g);
    checks
        .output("mean", mean, g.elements())
        .output("magnitude", magnitude, g.elements())
        .output("squares", squares, g.elements());
    if (batch < 1) {
      throw checks.bad("batch", batch, "1 for the first");
    }
    unchecked().zicoUpdate(batch, g, mean, magnitude, squares);
  }

  @Override
  default void zicoReduce(long batches, Tensor magnitude, Tensor squares, Tensor sum) {
    ArgumentChecks checks =
        begin("zicoReduce")
            .input("magnitude", magnitude)
            .input("squares", squares, magnitude.elements())
            .output("sum", sum, DType.FLOAT64, 1);
    if (batches < 1) {
      throw checks.bad("batches", batches, "1 or more");
    }
    unchecked().zicoReduce(batches, magnitude, squares, sum);
  }
}
