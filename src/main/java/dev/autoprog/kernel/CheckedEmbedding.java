package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link EmbeddingKernels}. */
interface CheckedEmbedding extends CheckedFamily, EmbeddingKernels {
  @Override
  default void embeddingForward(EmbeddingShape s, Tensor indices, Tensor table, Tensor y) {
    begin("embeddingForward")
        .input("indices", indices, DType.INT32, s.count())
        .activation("table", table, elements(s.rows(), s.width()))
        .result("y", y, elements(s.count(), s.width()));
    unchecked().embeddingForward(s, indices, table, y);
  }

  @Override
  default void embeddingBackward(EmbeddingShape s, Tensor indices, Tensor dy, Tensor dTable) {
    begin("embeddingBackward")
        .input("indices", indices, DType.INT32, s.count())
        .activation("dy", dy, elements(s.count(), s.width()))
        .output("dTable", dTable, elements(s.rows(), s.width()));
    unchecked().embeddingBackward(s, indices, dy, dTable);
  }

  @Override
  default void timestepEmbedding(long count, long width, float maxPeriod, Tensor t, Tensor y) {
    Shapes.positive("count", count, "width", width);
    ArgumentChecks checks =
        begin("timestepEmbedding").input("t", t, count).floats("y", y, elements(count, width));
    if (width < 2) {
      throw checks.bad("width", width, "2 or more: a cosine and a sine");
    }
    if (!(maxPeriod > 0)) {
      throw checks.bad("maxPeriod", maxPeriod, "a positive number");
    }
    unchecked().timestepEmbedding(count, width, maxPeriod, t, y);
  }
}
