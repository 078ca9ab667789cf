package dev.autoprog.backend.cuda;

import dev.autoprog.backend.BackendException;
import dev.autoprog.kernel.JacobianShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.kernel.StatisticsKernels;
import dev.autoprog.tensor.Tensor;

/** Not there yet: every call is refused. */
interface CudaStatistics extends StatisticsKernels {
  private static BackendException missing() {
    return new BackendException(
        "CUDA has no kernels for NTK and ZiCo yet; use a session on Backend.named(\"cpu\")");
  }

  @Override
  default void ntkGramContracted(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    throw missing();
  }

  @Override
  default void ntkGramTiled(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    throw missing();
  }

  @Override
  default void ntkGramRows(RowsShape s, Tensor g, Tensor gram) {
    throw missing();
  }

  @Override
  default void zicoUpdate(long batch, Tensor g, Tensor mean, Tensor magnitude, Tensor squares) {
    throw missing();
  }

  @Override
  default void zicoReduce(long batches, Tensor magnitude, Tensor squares, Tensor sum) {
    throw missing();
  }
}
