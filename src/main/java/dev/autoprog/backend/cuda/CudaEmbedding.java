package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.EmbeddingKernels;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.tensor.Tensor;

/** {@code embedding.cu}. */
interface CudaEmbedding extends EmbeddingKernels, CudaContext {
  @Override
  default void embeddingForward(EmbeddingShape s, Tensor indices, Tensor table, Tensor y) {
    check(
        NativeCuda.ap_embedding_forward(
            context(),
            CudaContext.type(table),
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
        NativeCuda.ap_embedding_backward(
            context(),
            CudaContext.type(dy),
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
        NativeCuda.ap_timestep_embedding(
            context(), count, width, maxPeriod, t.address(), CudaContext.type(y), y.address()));
  }
}
