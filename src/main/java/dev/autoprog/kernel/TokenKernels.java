package dev.autoprog.kernel;

import dev.autoprog.tensor.Tensor;

/**
 * What stands between patch embedding and blocks, and between blocks and head. Patches, tokens and
 * their gradients are of type T; class token and positions are FLOAT32.
 */
public interface TokenKernels {
  /**
   * {@code out[b] = [classToken; patches[b]] + positions}.
   *
   * @param patches (B, N − 1, C)
   * @param classToken (C)
   * @param positions (N, C)
   * @param out (B, N, C)
   */
  void assembleTokens(
      TokenShape shape, Tensor patches, Tensor classToken, Tensor positions, Tensor out);

  /**
   * {@code dPatches[b] = dy[b, 1…]}. The gradients of class token and positions are {@link
   * ElementwiseKernels#sumRows} of {@code dy}.
   */
  void assembleTokensBackward(TokenShape shape, Tensor dy, Tensor dPatches);

  /** {@code y[b] = x[b, 0]}: x (B,N,C), y (B,C). */
  void selectClassToken(TokenShape shape, Tensor x, Tensor y);

  /** {@code dx[b, 0] = dy[b]}, {@code dx[b, 1…] = 0}: dy (B,C), dx (B,N,C). */
  void selectClassTokenBackward(TokenShape shape, Tensor dy, Tensor dx);

  /**
   * Bicubic resize of the grid (Keys 1981, a = −0.75; pixel centres at half integers, borders
   * clamped, no antialiasing, as PyTorch's {@code interpolate}); the class token's row is copied.
   * {@code from = to} copies bit for bit. ≤ 1e-5 relative.
   *
   * @param positions (1 + from², C)
   * @param out (1 + to², C)
   */
  void resizePositions(PositionShape shape, Tensor positions, Tensor out);

  /**
   * {@code dPositions += } the transpose of the resize applied to {@code dy}.
   *
   * @param dy (1 + to², C)
   * @param dPositions (1 + from², C)
   */
  void resizePositionsBackward(PositionShape shape, Tensor dy, Tensor dPositions);
}
