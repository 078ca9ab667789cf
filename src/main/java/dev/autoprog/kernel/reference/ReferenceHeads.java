package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.CrossAttentionShape;

/**
 * The vectors of each token and head in a tensor (B, tokens, H, D), or in one part of a packed (B,
 * tokens, parts, H, D).
 *
 * @param start of sample 0, token 0, head 0
 * @param row elements from one token to the next
 */
record ReferenceHeads(double[] values, int start, int tokens, int row, int dim) {
  /** The parts of a packed tensor. */
  static ReferenceHeads[] parts(
      double[] values, CrossAttentionShape shape, long tokens, int parts) {
    ReferenceHeads[] all = new ReferenceHeads[parts];
    int width = (int) shape.width();
    for (int i = 0; i < parts; i++) {
      all[i] =
          new ReferenceHeads(values, i * width, (int) tokens, parts * width, (int) shape.headDim());
    }
    return all;
  }

  /** A tensor (B, N, H, D). */
  static ReferenceHeads alone(double[] values, CrossAttentionShape shape) {
    return parts(values, shape, shape.queries(), 1)[0];
  }

  private int at(int b, int n, int h) {
    return start + (b * tokens + n) * row + h * dim;
  }

  /**
   * The product of token n's vector and that of the other's token j, of the same sample and head.
   */
  double dot(int b, int n, int h, ReferenceHeads other, int j) {
    int i = at(b, n, h);
    int k = other.at(b, j, h);
    double sum = 0;
    for (int d = 0; d < dim; d++) {
      sum += values[i + d] * other.values[k + d];
    }
    return sum;
  }

  /** Adds {@code factor} times the other's vector of token j to that of token n. */
  void add(int b, int n, int h, double factor, ReferenceHeads other, int j) {
    int i = at(b, n, h);
    int k = other.at(b, j, h);
    for (int d = 0; d < dim; d++) {
      values[i + d] += factor * other.values[k + d];
    }
  }
}
