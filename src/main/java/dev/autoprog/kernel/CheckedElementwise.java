package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ElementwiseKernels}. */
interface CheckedElementwise extends CheckedFamily, ElementwiseKernels {
  @Override
  default void fill(Tensor x, float value) {
    begin("fill").activation("x", x);
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
  default void mixRows(RowsShape s, Tensor a, Tensor x, Tensor b, Tensor y, Tensor out) {
    begin("mixRows")
        .dense(s)
        .input("a", a, s.rows())
        .activation("x", x, elements(s.rows(), s.columns()))
        .input("b", b, s.rows())
        .activation("y", y, elements(s.rows(), s.columns()))
        .result("out", out, elements(s.rows(), s.columns()), x, y);
    unchecked().mixRows(s, a, x, b, y, out);
  }

  @Override
  default void linearCombination(
      float a, Tensor x, float b, Tensor y, float c, Tensor z, Tensor out) {
    ArgumentChecks checks = begin("linearCombination").input("x", x);
    long n = x.elements();
    checks.input("y", y, n).inputOrNull("z", z, n).output("out", out, n, x, y, z);
    unchecked().linearCombination(a, x, b, y, c, z, out);
  }

  @Override
  default void addExponential(Tensor x, float a, Tensor v, float b, Tensor z, Tensor out) {
    ArgumentChecks checks = begin("addExponential").input("x", x);
    long n = x.elements();
    checks.input("v", v, n).input("z", z, n).output("out", out, n, x, v, z);
    unchecked().addExponential(x, a, v, b, z, out);
  }

  @Override
  default void clamp(float low, float high, Tensor x, Tensor out) {
    ArgumentChecks checks = begin("clamp").input("x", x);
    checks.output("out", out, x.elements(), x);
    if (!(low <= high)) {
      throw checks.bad("low", low, "at most high, " + high);
    }
    unchecked().clamp(low, high, x, out);
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
