package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ElementwiseKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code elementwise.cu}. */
interface CudaElementwise extends ElementwiseKernels, CudaContext {
  @Override
  default void fill(Tensor x, float value) {
    check(NativeCuda.ap_fill(context(), x.elements(), value, x.address()));
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    check(
        NativeCuda.ap_add(
            context(), CudaContext.type(a), a.elements(), a.address(), b.address(), out.address()));
  }

  @Override
  default void convert(Tensor from, Tensor to) {
    check(
        NativeCuda.ap_convert(
            context(),
            from.elements(),
            CudaContext.type(from),
            from.address(),
            CudaContext.type(to),
            to.address()));
  }

  @Override
  default void sumRows(RowsShape s, Tensor x, Tensor sum) {
    check(
        NativeCuda.ap_sum_rows(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.columns(),
            s.stride(),
            x.address(),
            sum.address()));
  }
}
