package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ElementwiseKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code elementwise.cpp}. */
interface CpuElementwise extends ElementwiseKernels, CpuContext {
  @Override
  default void fill(Tensor x, float value) {
    check(NativeCpu.ap_fill(context(), CpuContext.type(x), x.elements(), value, x.address()));
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    check(
        NativeCpu.ap_add(
            context(), CpuContext.type(a), a.elements(), a.address(), b.address(), out.address()));
  }

  @Override
  default void mixRows(RowsShape s, Tensor a, Tensor x, Tensor b, Tensor y, Tensor out) {
    check(
        NativeCpu.ap_mix_rows(
            context(),
            CpuContext.type(x),
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
        NativeCpu.ap_linear_combination(
            context(),
            x.elements(),
            a,
            x.address(),
            b,
            y.address(),
            c,
            CpuContext.addressOrNull(z),
            out.address()));
  }

  @Override
  default void addExponential(Tensor x, float a, Tensor v, float b, Tensor z, Tensor out) {
    check(
        NativeCpu.ap_add_exponential(
            context(), x.elements(), x.address(), a, v.address(), b, z.address(), out.address()));
  }

  @Override
  default void clamp(float low, float high, Tensor x, Tensor out) {
    check(NativeCpu.ap_clamp(context(), x.elements(), low, high, x.address(), out.address()));
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
