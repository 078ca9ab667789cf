package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.EmbeddingKernels;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.tensor.Tensor;

/** {@code embedding.cpp}. */
interface CpuEmbedding extends EmbeddingKernels, CpuContext {
  @Override
  default void embeddingForward(EmbeddingShape s, Tensor indices, Tensor table, Tensor y) {
    check(
        NativeCpu.ap_embedding_forward(
            context(),
            CpuContext.type(table),
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
        NativeCpu.ap_embedding_backward(
            context(),
            CpuContext.type(dy),
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
        NativeCpu.ap_timestep_embedding(
            context(), count, width, maxPeriod, t.address(), CpuContext.type(y), y.address()));
  }
}
