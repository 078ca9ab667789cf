package dev.autoprog.kernel;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/** Checks in front of {@link OptimizerKernels}. */
interface CheckedOptimizer extends CheckedFamily, OptimizerKernels {
  @Override
  default void sumOfSquares(Tensor x, Tensor sum) {
    begin("sumOfSquares").input("x", x).output("sum", sum, 1);
    unchecked().sumOfSquares(x, sum);
  }

  @Override
  default void adamW(
      AdamWConstants constants,
      Tensor rates,
      Tensor w,
      Tensor g,
      Tensor m,
      Tensor v,
      Tensor squaredNorm,
      List<Tensor> emas,
      Tensor rounded) {
    ArgumentChecks checks =
        begin("adamW")
            .input("g", g)
            .input("squaredNorm", squaredNorm, 1)
            .input("rates", rates, AdamWConstants.RATES + emas.size())
            .output("w", w, g.elements())
            .output("m", m, g.elements())
            .output("v", v, g.elements());
    for (int e = 0; e < emas.size(); e++) {
      checks.output("emas[" + e + "]", emas.get(e), g.elements());
    }
    if (rounded != null) {
      checks.output("rounded", rounded, DType.BFLOAT16, g.elements());
    }
    if (emas.size() > MAX_EMAS) {
      throw checks.bad("emas", emas.size(), "at most " + MAX_EMAS);
    }
    unchecked().adamW(constants, rates, w, g, m, v, squaredNorm, emas, rounded);
  }
}
