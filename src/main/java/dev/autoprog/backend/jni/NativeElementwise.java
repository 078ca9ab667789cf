package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ElementwiseKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code elementwise.cpp} and {@code elementwise.cu}. */
interface NativeElementwise extends ElementwiseKernels, NativeContext {
  @Override
  default void fill(Tensor x, float value) {
    check(
        KernelFunctions.ap_fill(
            context(), NativeContext.type(x), x.elements(), value, x.address()));
  }

  @Override
  default void add(Tensor a, Tensor b, Tensor out) {
    check(
        KernelFunctions.ap_add(
            context(),
            NativeContext.type(a),
            a.elements(),
            a.address(),
            b.address(),
            out.address()));
  }

  @Override
  default void mixRows(RowsShape s, Tensor a, Tensor x, Tensor b, Tensor y, Tensor out) {
    check(
        KernelFunctions.ap_mix_rows(
            context(),
            NativeContext.type(x),
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
        KernelFunctions.ap_linear_combination(
            context(),
            x.elements(),
            a,
            x.address(),
            b,
            y.address(),
            c,
            NativeContext.addressOrNull(z),
            out.address()));
  }

  @Override
  default void addExponential(Tensor x, float a, Tensor v, float b, Tensor z, Tensor out) {
    check(
        KernelFunctions.ap_add_exponential(
            context(), x.elements(), x.address(), a, v.address(), b, z.address(), out.address()));
  }

  @Override
  default void clamp(float low, float high, Tensor x, Tensor out) {
    check(KernelFunctions.ap_clamp(context(), x.elements(), low, high, x.address(), out.address()));
  }

  @Override
  default void convert(Tensor from, Tensor to) {
    check(
        KernelFunctions.ap_convert(
            context(),
            from.elements(),
            NativeContext.type(from),
            from.address(),
            NativeContext.type(to),
            to.address()));
  }

  @Override
  default void sumRows(RowsShape s, Tensor x, Tensor sum) {
    check(
        KernelFunctions.ap_sum_rows(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.columns(),
            s.stride(),
            x.address(),
            sum.address()));
  }
}
