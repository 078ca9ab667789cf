package dev.autoprog.backend.cpu;

import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.TokenKernels;
import dev.autoprog.kernel.TokenShape;
import dev.autoprog.tensor.Tensor;

/** {@code token.cpp}. */
interface CpuToken extends TokenKernels, CpuContext {
  @Override
  default void assembleTokens(
      TokenShape s, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    check(
        NativeCpu.ap_assemble_tokens(
            context(),
            CpuContext.type(patches),
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
        NativeCpu.ap_assemble_tokens_backward(
            context(),
            CpuContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dPatches.address()));
  }

  @Override
  default void selectClassToken(TokenShape s, Tensor x, Tensor y) {
    check(
        NativeCpu.ap_select_class_token(
            context(),
            CpuContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            x.address(),
            y.address()));
  }

  @Override
  default void selectClassTokenBackward(TokenShape s, Tensor dy, Tensor dx) {
    check(
        NativeCpu.ap_select_class_token_backward(
            context(),
            CpuContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void resizePositions(PositionShape s, Tensor positions, Tensor out) {
    check(
        NativeCpu.ap_resize_positions(
            context(), s.from(), s.to(), s.width(), positions.address(), out.address()));
  }

  @Override
  default void resizePositionsBackward(PositionShape s, Tensor dy, Tensor dPositions) {
    check(
        NativeCpu.ap_resize_positions_backward(
            context(), s.from(), s.to(), s.width(), dy.address(), dPositions.address()));
  }
}
