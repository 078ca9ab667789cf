package dev.autoprog.autograd;

import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.kernel.ModulationShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Tensor;

/**
 * What a diffusion model can do with its condition; as {@link Operations}. A modulation is a row of
 * chunks for each sample, as a linear layer makes them; operations name the chunks they use by
 * index from 0. Several may use one modulation, even the same chunk: each hands on a gradient that
 * is zero in the other chunks, and the tape adds them.
 */
public final class ConditioningOperations {
  private ConditioningOperations() {}

  /**
   * Layer norm without gain and bias, then {@code ·(1 + scale) + shift} (adaLN).
   *
   * @param x (B, N, C)
   * @param modulation (B, chunks·C)
   * @param shift chunk
   * @param scale another chunk
   * @return (B, N, C)
   */
  public static Variable modulatedNorm(
      Tape tape, Variable x, Variable modulation, int shift, int scale, float epsilon) {
    Tensor input = x.value();
    ModulationShape shape = shape(input, modulation.value());
    Tensor y = tape.allocateLike(input);
    Tensor mean = tape.allocate(shape.batch(), shape.tokens());
    Tensor rstd = tape.allocate(shape.batch(), shape.tokens());
    Kernels kernels = tape.kernels();
    kernels.modulatedNormForward(
        shape, shift, scale, epsilon, input, modulation.value(), y, mean, rstd);
    return tape.record(
        y,
        (dy, sink) -> {
          boolean inner = x.requiresGradient();
          Tensor base = inner ? tape.gradientSoFar(x) : null;
          Tensor dx = inner ? tape.gradientTarget(x) : null;
          Tensor chunks = zerosOrNull(tape, modulation);
          kernels.modulatedNormBackward(
              shape, shift, scale, input, modulation.value(), mean, rstd, dy, base, dx, chunks);
          if (inner) {
            tape.replaceGradient(x, dx);
          }
          tape.accumulate(modulation, chunks);
        },
        x,
        modulation);
  }

  /**
   * {@code x + gate·branch}: how a block of adaLN-Zero ends.
   *
   * @param x (B, N, C)
   * @param branch (B, N, C)
   * @param modulation (B, chunks·C)
   * @param gate chunk
   * @return (B, N, C)
   */
  public static Variable gate(
      Tape tape, Variable x, Variable branch, Variable modulation, int gate) {
    Tensor input = branch.value();
    ModulationShape shape = shape(input, modulation.value());
    Tensor y = tape.allocateLike(input);
    Kernels kernels = tape.kernels();
    kernels.gateForward(shape, gate, x.value(), input, modulation.value(), y);
    return tape.record(
        y,
        (dy, sink) -> {
          tape.accumulate(x, dy);
          Tensor dBranch = branch.requiresGradient() ? tape.allocateLike(input) : null;
          Tensor chunks = zerosOrNull(tape, modulation);
          if (dBranch != null || chunks != null) {
            kernels.gateBackward(shape, gate, dy, input, modulation.value(), dBranch, chunks);
          }
          tape.accumulate(branch, dBranch);
          tape.accumulate(modulation, chunks);
        },
        x,
        branch,
        modulation);
  }

  /** A gradient for {@code modulation} that chunks will be written into. */
  private static Tensor zerosOrNull(Tape tape, Variable modulation) {
    if (!modulation.requiresGradient()) {
      return null;
    }
    Tensor zeros = tape.allocateLike(modulation.value());
    tape.kernels().fill(zeros, 0);
    return zeros;
  }

  /**
   * {@code x + t} for every token or pixel: a time embedding.
   *
   * @param x (B, …, C)
   * @param t (B, C)
   * @return (B, …, C)
   */
  public static Variable addToTokens(Tape tape, Variable x, Variable t) {
    Tensor input = x.value();
    ModulationShape shape = shape(input, t.value());
    Tensor y = tape.allocateLike(input);
    Kernels kernels = tape.kernels();
    kernels.addToTokens(shape, input, t.value(), y);
    return tape.record(
        y,
        (dy, sink) -> {
          tape.accumulate(x, dy);
          if (t.requiresGradient()) {
            Tensor sums = tape.allocateLike(t.value());
            kernels.sumOverTokens(shape, dy, sums);
            tape.accumulate(t, sums);
          }
        },
        x,
        t);
  }

  private static ModulationShape shape(Tensor tokens, Tensor modulation) {
    long batch = tokens.shape().dim(0);
    long width = tokens.shape().dim(-1);
    long chunks = modulation.elements() / (batch * width);
    return new ModulationShape(batch, tokens.elements() / (batch * width), width, chunks);
  }

  /** {@code x·σ(x)}, element by element. */
  public static Variable silu(Tape tape, Variable x) {
    Tensor input = x.value();
    Tensor y = tape.allocateLike(input);
    Kernels kernels = tape.kernels();
    kernels.siluForward(input, y);
    return tape.record(
        y,
        (dy, sink) -> {
          Tensor dx = tape.allocateLike(input);
          kernels.siluBackward(input, dy, dx);
          tape.accumulate(x, dx);
        },
        x);
  }

  /**
   * {@code a·gelu(b)} of the halves [a, b] of the last dimension, with the exact GELU.
   *
   * @param x (…, 2·C)
   * @return (…, C)
   */
  public static Variable geglu(Tape tape, Variable x) {
    Tensor input = x.value();
    long[] dims = input.shape().toArray();
    dims[dims.length - 1] /= 2;
    Tensor y = tape.allocate(input.dtype(), dims);
    long width = y.shape().dim(-1);
    RowsShape shape = RowsShape.dense(y.elements() / width, width);
    Kernels kernels = tape.kernels();
    kernels.gegluForward(shape, input, y);
    return tape.record(
        y,
        (dy, sink) -> {
          Tensor dx = tape.allocateLike(input);
          kernels.gegluBackward(shape, input, dy, dx);
          tape.accumulate(x, dx);
        },
        x);
  }

  /**
   * Rows of a table.
   *
   * @param table (rows, C), a parameter
   * @param indices of rows, ordered by sample
   * @return (indices, C)
   * @throws IllegalArgumentException if an index is outside the table
   */
  public static Variable embedding(Tape tape, Variable table, int... indices) {
    return embedding(tape, table, indices, null);
  }

  /**
   * The same.
   *
   * @param placed the indices where kernels read them, INT32; null to bring them there
   */
  public static Variable embedding(Tape tape, Variable table, int[] indices, Tensor placed) {
    Tensor weights = table.operand();
    long rows = weights.shape().dim(0);
    for (int i = 0; i < indices.length; i++) {
      if (indices[i] < 0 || indices[i] >= rows) {
        throw new IllegalArgumentException(
            String.format(
                "index %d of %d is %d, expected a row of the table, 0 to %d",
                i, indices.length, indices[i], rows - 1));
      }
    }
    EmbeddingShape shape = new EmbeddingShape(indices.length, rows, weights.elements() / rows);
    Tensor which = placed == null ? tape.allocate(DType.INT32, shape.count()).set(indices) : placed;
    Tensor y = tape.allocate(weights.dtype(), shape.count(), shape.width());
    tape.kernels().embeddingForward(shape, which, weights, y);
    return tape.record(y, (dy, sink) -> sink.embedding(table, shape, which, dy), table);
  }
}
