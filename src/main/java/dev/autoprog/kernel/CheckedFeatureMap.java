package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link FeatureMapKernels}. */
interface CheckedFeatureMap extends CheckedFamily, FeatureMapKernels {
  @Override
  default void upsampleForward(FeatureMapShape s, Tensor x, Tensor y) {
    begin("upsampleForward").activation("x", x, small(s)).result("y", y, large(s));
    unchecked().upsampleForward(s, x, y);
  }

  @Override
  default void upsampleBackward(FeatureMapShape s, Tensor dy, Tensor dx) {
    begin("upsampleBackward").activation("dy", dy, large(s)).result("dx", dx, small(s));
    unchecked().upsampleBackward(s, dy, dx);
  }

  @Override
  default void concatenate(ConcatenationShape s, Tensor a, Tensor b, Tensor out) {
    begin("concatenate")
        .activation("a", a, elements(s.rows(), s.first()))
        .activation("b", b, elements(s.rows(), s.second()))
        .result("out", out, elements(s.rows(), s.columns()));
    unchecked().concatenate(s, a, b, out);
  }

  @Override
  default void split(ConcatenationShape s, Tensor x, Tensor a, Tensor b) {
    begin("split")
        .activation("x", x, elements(s.rows(), s.columns()))
        .resultOrNull("a", a, elements(s.rows(), s.first()))
        .resultOrNull("b", b, elements(s.rows(), s.second()));
    unchecked().split(s, x, a, b);
  }

  private static long small(FeatureMapShape s) {
    return elements(s.batch(), s.height(), s.width(), s.channels());
  }

  private static long large(FeatureMapShape s) {
    return elements(4, small(s));
  }
}
