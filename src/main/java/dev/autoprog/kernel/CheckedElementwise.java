package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ElementwiseKernels}. */
interface CheckedElementwise extends CheckedFamily, ElementwiseKernels {
  @Override
  default void fill(Tensor x, float value) {
    begin("fill").output("x", x);
    unchecked().fill(x, value);
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    begin("add")
        .activation("a", a)
        .activation("b", b, a.elements())
        .result("out", out, a.elements(), a, b);
    unchecked().add(a, b, out);
  }

  @Override
  default void convert(Tensor from, Tensor to) {
    begin("convert").activation("from", from).floats("to", to, from.elements());
    unchecked().convert(from, to);
  }

  @Override
  default void sumRows(RowsShape s, Tensor x, Tensor sum) {
    begin("sumRows").activationOfAtLeast("x", x, Shapes.span(s)).output("sum", sum, s.columns());
    unchecked().sumRows(s, x, sum);
  }
}
