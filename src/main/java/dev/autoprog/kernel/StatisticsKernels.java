package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * Statistics of gradients that are never there in full: the neural tangent kernel's Gram matrix
 * (Jacot et al. 2018) of several samples, and ZiCo (Li et al. 2023) of several batches.
 */
public interface StatisticsKernels {
  /**
   * {@code gram[i][j] += ⟨dyᵢᵀ xᵢ, dyⱼᵀ xⱼ⟩}, as {@code Σ ⟨x_ip, x_jq⟩·⟨dy_ip, dy_jq⟩} over the
   * tokens p of i and q of j; exactly symmetric. ≤ 1e-5 of the largest element in float32.
   *
   * @param x (n, N, in), of type T
   * @param dy (n, N, out), of type T
   * @param gram (n, n), FLOAT64
   */
  void ntkGramContracted(JacobianShape shape, Tensor x, Tensor dy, Tensor gram);

  /**
   * The same, by tiles of the weight: one tile of all samples' gradients at a time. Cheaper where
   * tokens are many.
   */
  void ntkGramTiled(JacobianShape shape, Tensor x, Tensor dy, Tensor gram);

  /**
   * {@code gram += g gᵀ}: the same for gradients that are there in full.
   *
   * @param shape n rows of P columns, dense
   * @param g (n, P)
   * @param gram (n, n), FLOAT64
   */
  void ntkGramRows(RowsShape shape, Tensor g, Tensor gram);

  /**
   * Takes a batch's gradient into what is known of all so far (Welford 1962). The first batch
   * overwrites what is there. ≤ 1e-5 relative.
   *
   * @param batch which batch this is, from 1
   * @param g of any size
   * @param mean as many: the mean of g
   * @param magnitude as many: the mean of |g|
   * @param squares as many: {@code Σ (g − mean)²}
   */
  void zicoUpdate(long batch, Tensor g, Tensor mean, Tensor magnitude, Tensor squares);

  /**
   * {@code sum[0] += Σ magnitude / √(squares / batches)} over the weights whose squares are above
   * 0; ≤ 1e-6 relative.
   *
   * @param batches how many there were
   * @param magnitude of any size
   * @param squares as many
   * @param sum (1), FLOAT64
   */
  void zicoReduce(long batches, Tensor magnitude, Tensor squares, Tensor sum);
}
