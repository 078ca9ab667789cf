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
    check(
        NativeCpu.ap_add(
            context(), CpuContext.type(a), a.elements(), a.address(), b.address(), out.address()));
  }

  @Override
  default void convert(Tensor from, Tensor to) {
    check(
        NativeCpu.ap_convert(
            context(),
            from.elements(),
            CpuContext.type(from),
            from.address(),
            CpuContext.type(to),
            to.address()));
  }

  @Override
  default void sumRows(RowsShape s, Tensor x, Tensor sum) {
    check(
        NativeCpu.ap_sum_rows(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.columns(),
            s.stride(),
            x.address(),
            sum.address()));
  }
}
