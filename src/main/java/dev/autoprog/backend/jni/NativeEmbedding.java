package dev.autoprog.backend.jni;

import dev.autoprog.kernel.EmbeddingKernels;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code embedding.cpp} and {@code embedding.cu}. */
interface NativeEmbedding extends EmbeddingKernels, NativeContext {
  @Override
  default void embeddingForward(EmbeddingShape s, Tensor indices, Tensor table, Tensor y) {
    check(
        KernelFunctions.ap_embedding_forward(
            context(),
            NativeContext.type(table),
            s.count(),
            s.rows(),
            s.width(),
            indices.address(),
            table.address(),
            y.address()));
  }

  @Override
  default void embeddingBackward(EmbeddingShape s, Tensor indices, Tensor dy, Tensor dTable) {
    check(
        KernelFunctions.ap_embedding_backward(
            context(),
            NativeContext.type(dy),
            s.count(),
            s.rows(),
            s.width(),
            indices.address(),
            dy.address(),
            dTable.address()));
  }

  @Override
  default void timestepEmbedding(long count, long width, float maxPeriod, Tensor t, Tensor y) {
    check(
        KernelFunctions.ap_timestep_embedding(
            context(), count, width, maxPeriod, t.address(), NativeContext.type(y), y.address()));
  }
}
