package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;
import java.util.List;

/** Updates over flat buffers. */
public interface OptimizerKernels {
  /** The most moving averages that one update carries along. */
  int MAX_EMAS = 4;

  /** {@code sum[0] += Σ x²}, accumulated in float64; ≤ 1e-6 relative. */
  void sumOfSquares(Tensor x, Tensor sum);

  /**
   * One AdamW update and the moving averages of its result, in one pass: {@code w ← w − lr·(m̂/(√v̂
   * + ε) + decay·w)}, then {@code ema ← d·ema + (1 − d)·w} for each and {@code rounded = w}; where
   * the norm is not finite, nothing changes. ≤ 1e-5 relative.
   *
   * @param rates (3 + averages), what changes from step to step, as {@link AdamWConstants#rates}
   *     has it
   * @param w weights, changed in place
   * @param g gradients, as many
   * @param m first moments, changed in place
   * @param v second moments, changed in place
   * @param squaredNorm (1): ‖g‖² over all parameters of the model, as {@link #sumOfSquares} gives
   *     it
   * @param emas at most {@link #MAX_EMAS} tensors like w, changed in place
   * @param rounded BFLOAT16, as many as w: the new weights, rounded; null for none
   */
  void adamW(
      AdamWConstants constants,
      Tensor rates,
      Tensor w,
      Tensor g,
      Tensor m,
      Tensor v,
      Tensor squaredNorm,
      List<Tensor> emas,
      Tensor rounded);
}
