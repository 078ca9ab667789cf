package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.AttentionKernels;
import dev.autoprog.kernel.AttentionShape;
import dev.autoprog.tensor.Tensor;

/** Scaled dot-product attention, one query at a time against all keys. */
interface ReferenceAttention extends AttentionKernels {
  @Override
  default void attentionForward(AttentionShape shape, Tensor qkv, Tensor out, Tensor logSumExp) {
    Packed at = new Packed(shape);
    double[] in = Values.read(qkv);
    double[] o = new double[at.batch * at.tokens * at.heads * at.dim];
    double[] lse = new double[at.batch * at.heads * at.tokens];
    for (int b = 0; b < at.batch; b++) {
      for (int h = 0; h < at.heads; h++) {
        for (int n = 0; n < at.tokens; n++) {
          double[] scores = at.scores(in, b, n, h);
          double l = LogSumExp.of(scores, 0, at.tokens);
          lse[(b * at.heads + h) * at.tokens + n] = l;
          for (int j = 0; j < at.tokens; j++) {
            double p = Math.exp(scores[j] - l);
            for (int d = 0; d < at.dim; d++) {
              o[at.output(b, n, h) + d] += p * in[at.value(b, j, h) + d];
            }
          }
        }
      }
    }
    Values.write(o, out);
    Values.write(lse, logSumExp);
  }

  /**
   * With {@code P = exp(S − logSumExp)} and {@code S = q kᵀ/√D}: {@code dV = Pᵀ dO}, {@code dS = P
   * ∘ (dO Vᵀ − rowsum(dO ∘ O))}, {@code dQ = dS K/√D}, {@code dK = dSᵀ Q/√D}.
   */
  @Override
  default void attentionBackward(
      AttentionShape shape, Tensor qkv, Tensor out, Tensor logSumExp, Tensor dOut, Tensor dQkv) {
    Packed at = new Packed(shape);
    double[] in = Values.read(qkv);
    double[] o = Values.read(out);
    double[] lse = Values.read(logSumExp);
    double[] dO = Values.read(dOut);
    double[] dIn = new double[in.length];
    for (int b = 0; b < at.batch; b++) {
      for (int h = 0; h < at.heads; h++) {
        for (int n = 0; n < at.tokens; n++) {
          int row = at.output(b, n, h);
          double[] scores = at.scores(in, b, n, h);
          double delta = Packed.dot(dO, row, o, row, at.dim);
          for (int j = 0; j < at.tokens; j++) {
            int q = at.query(b, n, h);
            int k = at.key(b, j, h);
            int v = at.value(b, j, h);
            double p = Math.exp(scores[j] - lse[(b * at.heads + h) * at.tokens + n]);
            double dScore = p * (Packed.dot(dO, row, in, v, at.dim) - delta);
            for (int d = 0; d < at.dim; d++) {
              dIn[q + d] += at.scale * dScore * in[k + d];
              dIn[k + d] += at.scale * dScore * in[q + d];
              dIn[v + d] += p * dO[row + d];
            }
          }
        }
      }
    }
    Values.write(dIn, dQkv);
  }

  /** Where the vectors of one token and head begin in {@code qkv (B,N,3,H,D)}, and their scores. */
  final class Packed {
    private final int batch;
    private final int tokens;
    private final int heads;
    private final int dim;
    private final double scale;

    Packed(AttentionShape shape) {
      this.batch = (int) shape.batch();
      this.tokens = (int) shape.tokens();
      this.heads = (int) shape.heads();
      this.dim = (int) shape.headDim();
      this.scale = 1 / Math.sqrt(shape.headDim());
    }

    int query(int b, int n, int h) {
      return ((b * tokens + n) * 3 * heads + h) * dim;
    }

    int key(int b, int n, int h) {
      return query(b, n, h) + heads * dim;
    }

    int value(int b, int n, int h) {
      return query(b, n, h) + 2 * heads * dim;
    }

    int output(int b, int n, int h) {
      return ((b * tokens + n) * heads + h) * dim;
    }

    double[] scores(double[] qkv, int b, int n, int h) {
      double[] scores = new double[tokens];
      for (int j = 0; j < tokens; j++) {
        scores[j] = scale * dot(qkv, query(b, n, h), qkv, key(b, j, h), dim);
      }
      return scores;
    }

    static double dot(double[] a, int aAt, double[] b, int bAt, int n) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += a[aAt + i] * b[bAt + i];
      }
      return sum;
    }
  }
}
