package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.ResidualKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code residual.cpp}. */
interface CpuResidual extends ResidualKernels, CpuContext {
  @Override
  default void residualForward(RowsShape s, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    check(
        NativeCpu.ap_residual_forward(
            context(),
            CpuContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            branch.address(),
            CpuContext.addressOrNull(scale),
            y.address()));
  }

  @Override
  default void residualBackward(RowsShape s, Tensor dy, Tensor scale, Tensor dBranch) {
    check(
        NativeCpu.ap_residual_backward(
            context(),
            CpuContext.type(dy),
            s.rows(),
            s.columns(),
            dy.address(),
            scale.address(),
            dBranch.address()));
  }
}
