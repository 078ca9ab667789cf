package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ElementwiseKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code elementwise.cu}. */
interface CudaElementwise extends ElementwiseKernels, CudaContext {
  @Override
  default void fill(Tensor x, float value) {
    check(NativeCuda.ap_fill(context(), CudaContext.type(x), x.elements(), value, x.address()));
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    check(
        NativeCuda.ap_add(
            context(), CudaContext.type(a), a.elements(), a.address(), b.address(), out.address()));
  }

  @Override
  default void mixRows(RowsShape s, Tensor a, Tensor x, Tensor b, Tensor y, Tensor out) {
    check(
        NativeCuda.ap_mix_rows(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.columns(),
            a.address(),
            x.address(),
            b.address(),
            y.address(),
            out.address()));
  }

  @Override
  default void linearCombination(
      float a, Tensor x, float b, Tensor y, float c, Tensor z, Tensor out) {
    check(
        NativeCuda.ap_linear_combination(
            context(),
            x.elements(),
            a,
            x.address(),
            b,
            y.address(),
            c,
            CudaContext.addressOrNull(z),
            out.address()));
  }

  @Override
  default void addExponential(Tensor x, float a, Tensor v, float b, Tensor z, Tensor out) {
    check(
        NativeCuda.ap_add_exponential(
            context(), x.elements(), x.address(), a, v.address(), b, z.address(), out.address()));
  }

  @Override
  default void clamp(float low, float high, Tensor x, Tensor out) {
    check(NativeCuda.ap_clamp(context(), x.elements(), low, high, x.address(), out.address()));
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
