package dev.autoprog.autograd;

import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.tensor.Tensor;

/**
 * What becomes of the parameters' gradients in a backward pass. Each method gets the factors that a
 * gradient is made of; rows are ordered by sample, {@code rows / B} for each. Called for trainable
 * parameters only, once per use of the parameter. Tensors are valid during the call alone.
 */
public interface GradientSink {
  /**
   * Weight (out, in) and bias (out) of {@code y = x Wᵀ + b}: {@code dyᵀ x} and {@code Σ dy}. One of
   * the two may be frozen.
   *
   * @param bias null if there is none
   * @param x (rows, in)
   * @param dy (rows, out)
   */
  void linear(Variable weight, Variable bias, LinearShape shape, Tensor x, Tensor dy);

  /**
   * A parameter (columns) that was added to rows: its gradient is the sum of {@code dy} over them.
   *
   * @param dy from the first row on
   */
  void broadcast(Variable parameter, RowsShape shape, Tensor dy);

  /**
   * Gain and bias (C) of a layer norm: {@code Σ dy·(x − μ)·rstd} and {@code Σ dy}. One of the two
   * may be frozen.
   *
   * @param x (rows, C)
   * @param mean (rows)
   * @param rstd (rows)
   * @param dy (rows, C)
   */
  void layerNorm(
      Variable gain, Variable bias, RowsShape shape, Tensor x, Tensor mean, Tensor rstd, Tensor dy);

  /**
   * Weight (out, in, k, k) and bias (out) of a convolution. One of the two may be frozen.
   *
   * @param bias null if there is none
   * @param x (B, H, W, in)
   * @param dy (B, Ho, Wo, out)
   */
  void convolution(Variable weight, Variable bias, ConvolutionShape shape, Tensor x, Tensor dy);

  /**
   * Gain and bias (C) of a group norm. One of the two may be frozen.
   *
   * @param silu whether SiLU followed the norm
   * @param x (B, N, C)
   * @param mean (B, G)
   * @param rstd (B, G)
   * @param dy (B, N, C), by what came after SiLU
   */
  void groupNorm(
      Variable gain,
      Variable bias,
      GroupShape shape,
      boolean silu,
      Tensor x,
      Tensor mean,
      Tensor rstd,
      Tensor dy);

  /**
   * Positions (1 + from², C) that were resized to (1 + to², C) and added to each sample's tokens.
   *
   * @param samples B rows of the {@code (1 + to²)·C} elements of each sample
   * @param dy from the first sample on
   */
  void resizedPositions(Variable positions, PositionShape resize, RowsShape samples, Tensor dy);

  /**
   * A table (rows, width) of which rows were looked up: the gradient of each row is the sum of
   * {@code dy} where its index stands.
   *
   * @param indices INT32 (count)
   * @param dy (count, width)
   */
  void embedding(Variable table, EmbeddingShape shape, Tensor indices, Tensor dy);
}
