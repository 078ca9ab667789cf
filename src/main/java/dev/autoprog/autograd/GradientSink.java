package dev.autoprog.autograd;

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
   * Positions (1 + from², C) that were resized to (1 + to², C) and added to each sample's tokens.
   *
   * @param samples B rows of the {@code (1 + to²)·C} elements of each sample
   * @param dy from the first sample on
   */
  void resizedPositions(Variable positions, PositionShape resize, RowsShape samples, Tensor dy);
}
