package dev.autoprog.backend.jni;

import dev.autoprog.kernel.JacobianShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.kernel.StatisticsKernels;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code statistics.cpp} and {@code statistics.cu}. */
interface NativeStatistics extends StatisticsKernels, NativeContext {
  @Override
  default void ntkGramContracted(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    check(
        KernelFunctions.ap_ntk_gram_contracted(
            context(),
            NativeContext.type(x),
            s.samples(),
            s.tokens(),
            s.in(),
            s.out(),
            x.address(),
            dy.address(),
            gram.address()));
  }

  @Override
  default void ntkGramTiled(JacobianShape s, Tensor x, Tensor dy, Tensor gram) {
    check(
        KernelFunctions.ap_ntk_gram_tiled(
            context(),
            NativeContext.type(x),
            s.samples(),
            s.tokens(),
            s.in(),
            s.out(),
            x.address(),
            dy.address(),
            gram.address()));
  }

  @Override
  default void ntkGramRows(RowsShape s, Tensor g, Tensor gram) {
    check(
        KernelFunctions.ap_ntk_gram_rows(
            context(), s.rows(), s.columns(), g.address(), gram.address()));
  }

  @Override
  default void zicoUpdate(long batch, Tensor g, Tensor mean, Tensor magnitude, Tensor squares) {
    check(
        KernelFunctions.ap_zico_update(
            context(),
            g.elements(),
            batch,
            g.address(),
            mean.address(),
            magnitude.address(),
            squares.address()));
  }

  @Override
  default void zicoReduce(long batches, Tensor magnitude, Tensor squares, Tensor sum) {
    check(
        KernelFunctions.ap_zico_reduce(
            context(),
            magnitude.elements(),
            batches,
            magnitude.address(),
            squares.address(),
            sum.address()));
  }
}
