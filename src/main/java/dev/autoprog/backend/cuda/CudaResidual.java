package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.ResidualKernels;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/** {@code residual.cu}. */
interface CudaResidual extends ResidualKernels, CudaContext {
  @Override
  default void residualForward(RowsShape s, Tensor x, Tensor branch, Tensor scale, Tensor y) {
    check(
        NativeCuda.ap_residual_forward(
            context(),
            CudaContext.type(x),
            s.rows(),
            s.columns(),
            x.address(),
            branch.address(),
            CudaContext.addressOrNull(scale),
            y.address()));
  }

  @Override
  default void residualBackward(RowsShape s, Tensor dy, Tensor scale, Tensor dBranch) {
    check(
        NativeCuda.ap_residual_backward(
            context(),
            CudaContext.type(dy),
            s.rows(),
            s.columns(),
            dy.address(),
            scale.address(),
            dBranch.address()));
  }
}
