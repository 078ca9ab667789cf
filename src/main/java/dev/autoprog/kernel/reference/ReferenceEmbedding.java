package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.EmbeddingKernels;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.tensor.Tensor;

/** Embeddings. */
interface ReferenceEmbedding extends EmbeddingKernels {
  @Override
  default void embeddingForward(EmbeddingShape shape, Tensor indices, Tensor table, Tensor y) {
    int width = (int) shape.width();
    double[] rows = Values.read(indices);
    double[] values = Values.read(table);
    double[] ys = new double[rows.length * width];
    for (int i = 0; i < ys.length; i++) {
      int row = (int) rows[i / width];
      ys[i] = row >= 0 && row < shape.rows() ? values[row * width + i % width] : Double.NaN;
    }
    Values.write(ys, y);
  }

  @Override
  default void embeddingBackward(EmbeddingShape shape, Tensor indices, Tensor dy, Tensor dTable) {
    int width = (int) shape.width();
    double[] rows = Values.read(indices);
    double[] gradient = Values.read(dy);
    double[] sums = new double[(int) shape.rows() * width];
    for (int i = 0; i < gradient.length; i++) {
      int row = (int) rows[i / width];
      if (row >= 0 && row < shape.rows()) {
        sums[row * width + i % width] += gradient[i];
      }
    }
    Values.add(sums, dTable);
  }

  @Override
  default void timestepEmbedding(long count, long width, float maxPeriod, Tensor t, Tensor y) {
    int columns = (int) width;
    int half = columns / 2;
    double[] times = Values.read(t);
    double[] ys = new double[times.length * columns];
    for (int i = 0; i < times.length; i++) {
      for (int j = 0; j < half; j++) {
        double angle = times[i] * Math.pow(maxPeriod, -(double) j / half);
        ys[i * columns + j] = Math.cos(angle);
        ys[i * columns + half + j] = Math.sin(angle);
      }
    }
    Values.write(ys, y);
  }
}
