package dev.autoprog.backend.jni;

import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.TokenKernels;
import dev.autoprog.kernel.TokenShape;
import dev.autoprog.tensor.Tensor;

/** The kernels of {@code token.cpp} and {@code token.cu}. */
interface NativeToken extends TokenKernels, NativeContext {
  @Override
  default void assembleTokens(
      TokenShape s, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    check(
        KernelFunctions.ap_assemble_tokens(
            context(),
            NativeContext.type(patches),
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
        KernelFunctions.ap_assemble_tokens_backward(
            context(),
            NativeContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dPatches.address()));
  }

  @Override
  default void selectClassToken(TokenShape s, Tensor x, Tensor y) {
    check(
        KernelFunctions.ap_select_class_token(
            context(),
            NativeContext.type(x),
            s.batch(),
            s.tokens(),
            s.width(),
            x.address(),
            y.address()));
  }

  @Override
  default void selectClassTokenBackward(TokenShape s, Tensor dy, Tensor dx) {
    check(
        KernelFunctions.ap_select_class_token_backward(
            context(),
            NativeContext.type(dy),
            s.batch(),
            s.tokens(),
            s.width(),
            dy.address(),
            dx.address()));
  }

  @Override
  default void resizePositions(PositionShape s, Tensor positions, Tensor out) {
    check(
        KernelFunctions.ap_resize_positions(
            context(), s.from(), s.to(), s.width(), positions.address(), out.address()));
  }

  @Override
  default void resizePositionsBackward(PositionShape s, Tensor dy, Tensor dPositions) {
    check(
        KernelFunctions.ap_resize_positions_backward(
            context(), s.from(), s.to(), s.width(), dy.address(), dPositions.address()));
  }
}
