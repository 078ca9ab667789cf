package dev.autoprog.backend.cuda;

import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.TokenKernels;
import dev.autoprog.kernel.TokenShape;
import dev.autoprog.tensor.Tensor;

/** {@code token.cu}. */
interface CudaToken extends TokenKernels, CudaContext {
  @Override
  default void assembleTokens(
      TokenShape s, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    check(
        NativeCuda.ap_assemble_tokens(
            context(),
            CudaContext.type(patches),
            s.batch(),
            s.tokens(),
            s.width(),
            patches.address(),
            classToken.address(),
            positions.address(),
            out.address()));
  }

  @Override
  default void assembleTokensBackward(TokenShape s, Tensor dy, Tensor dPatches) {
    check(
        NativeCuda.ap_assemble_tokens_backward(
            context(),
            CudaContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dPatches.address()));
  }

  @Override
  default void selectClassToken(TokenShape s, Tensor x, Tensor y) {
    check(
        NativeCuda.ap_select_class_token(
            context(),
            CudaContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            x.address(),
            y.address()));
  }

  @Override
  default void selectClassTokenBackward(TokenShape s, Tensor dy, Tensor dx) {
    check(
        NativeCuda.ap_select_class_token_backward(
            context(),
            CudaContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void resizePositions(PositionShape s, Tensor positions, Tensor out) {
    check(
        NativeCuda.ap_resize_positions(
            context(), s.from(), s.to(), s.width(), positions.address(), out.address()));
  }

  @Override
  default void resizePositionsBackward(PositionShape s, Tensor dy, Tensor dPositions) {
    check(
        NativeCuda.ap_resize_positions_backward(
            context(), s.from(), s.to(), s.width(), dy.address(), dPositions.address()));
  }
}
