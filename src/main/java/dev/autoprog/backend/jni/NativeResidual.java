package dev.autoprog.backend.jni;

import dev.autoprog.kernel.ResidualKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code residual.cpp} and {@code residual.cu}. */
interface NativeResidual extends ResidualKernels, NativeContext {
  @Override
  default void residualForward(RowsShape s, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    check(
        KernelFunctions.ap_residual_forward(
            context(),
            NativeContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            branch.address(),
            NativeContext.addressOrNull(scale),
            y.address()));
  }

  @Override
  default void residualBackward(RowsShape s, Tensor dy, Tensor scale, Tensor dBranch) {
    check(
        KernelFunctions.ap_residual_backward(
            context(),
            NativeContext.type(dy),
            s.rows(),
            s.columns(),
            dy.address(),
            scale.address(),
            dBranch.address()));
  }
}
