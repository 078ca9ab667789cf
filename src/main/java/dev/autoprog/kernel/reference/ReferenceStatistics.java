package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.JacobianShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.kernel.StatisticsKernels;
import dev.autoprog.tensor.Tensor;

/** Statistics of gradients; here a sample's gradient is there in full. */
interface ReferenceStatistics extends StatisticsKernels {
  @Override
  default void ntkGramContracted(JacobianShape shape, Tensor x, Tensor dy, Tensor gram) {
    int samples = (int) shape.samples();
    int tokens = (int) shape.tokens();
    double[] xs = Values.read(x);
    double[] dys = Values.read(dy);
    double[] sums = new double[samples * samples];
    for (int i = 0; i < samples; i++) {
      for (int j = 0; j <= i; j++) { // and what is on the other side of the diagonal alike
        for (int p = i * tokens; p < (i + 1) * tokens; p++) {
          for (int q = j * tokens; q < (j + 1) * tokens; q++) {
            sums[i * samples + j] +=
                dot(xs, p, q, (int) shape.in()) * dot(dys, p, q, (int) shape.out());
          }
        }
        sums[j * samples + i] = sums[i * samples + j];
      }
    }
    Values.add(sums, gram);
  }

  @Override
  default void ntkGramTiled(JacobianShape shape, Tensor x, Tensor dy, Tensor gram) {
    int samples = (int) shape.samples();
    int tokens = (int) shape.tokens();
    int in = (int) shape.in();
    int out = (int) shape.out();
    double[] xs = Values.read(x);
    double[] dys = Values.read(dy);
    double[] gradients = new double[samples * out * in];
    for (int p = 0; p < samples * tokens; p++) {
      int row = p / tokens * out;
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          gradients[(row + o) * in + i] += dys[p * out + o] * xs[p * in + i];
        }
      }
    }
    Values.add(products(gradients, samples), gram);
  }

  @Override
  default void ntkGramRows(RowsShape shape, Tensor g, Tensor gram) {
    Values.add(products(Values.read(g), (int) shape.rows()), gram);
  }

  private static double[] products(double[] rows, int count) {
    double[] products = new double[count * count];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < count; j++) {
        products[i * count + j] = dot(rows, i, j, rows.length / count);
      }
    }
    return products;
  }

  /** The inner product of two rows of a matrix. */
  private static double dot(double[] matrix, int row, int other, int columns) {
    double sum = 0;
    for (int c = 0; c < columns; c++) {
      sum += matrix[row * columns + c] * matrix[other * columns + c];
    }
    return sum;
  }

  @Override
  default void zicoUpdate(long batch, Tensor g, Tensor mean, Tensor magnitude, Tensor squares) {
    double[] gradients = Values.read(g);
    double[] means = Values.read(mean);
    double[] magnitudes = Values.read(magnitude);
    double[] deviations = Values.read(squares);
    for (int i = 0; i < gradients.length; i++) {
      if (batch == 1) {
        means[i] = gradients[i];
        magnitudes[i] = Math.abs(gradients[i]);
        deviations[i] = gradients[i] - gradients[i]; // 0, or NaN
        continue;
      }
      double before = gradients[i] - means[i];
      means[i] += before / batch;
      deviations[i] += before * (gradients[i] - means[i]);
      magnitudes[i] += (Math.abs(gradients[i]) - magnitudes[i]) / batch;
    }
    Values.write(means, mean);
    Values.write(magnitudes, magnitude);
    Values.write(deviations, squares);
  }

  @Override
  default void zicoReduce(long batches, Tensor magnitude, Tensor squares, Tensor sum) {
    double[] magnitudes = Values.read(magnitude);
    double[] deviations = Values.read(squares);
    double total = 0;
    for (int i = 0; i < magnitudes.length; i++) {
      if (!(deviations[i] <= 0)) { // NaN goes on
        total += magnitudes[i] / Math.sqrt(deviations[i] / batches);
      }
    }
    Values.add(new double[] {total}, sum);
  }
}
