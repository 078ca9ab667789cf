package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ElementwiseKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code elementwise.cpp}. */
interface CpuElementwise extends ElementwiseKernels, CpuContext {
  @Override
  default void fill(Tensor x, float value) {
    check(NativeCpu.ap_fill(context(), x.elements(), value, x.address()));
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    check(NativeCpu.ap_add(context(), a.elements(), a.address(), b.address(), out.address()));
  }

  @Override
  default void sumRows(RowsShape s, Tensor x, Tensor sum) {
    check(
        NativeCpu.ap_sum_rows(
            context(), s.rows(), s.columns(), s.stride(), x.address(), sum.address()));
  }
}
