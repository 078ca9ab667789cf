package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link TokenKernels}. */
interface CheckedToken extends CheckedFamily, TokenKernels {
  @Override
  default void assembleTokens(
      TokenShape s, Tensor patches, Tensor classToken, Tensor positions, Tensor out) {
    begin("assembleTokens")
        .activation("patches", patches, elements(s.batch(), s.tokens() - 1, s.width()))
        .input("classToken", classToken, s.width())
        .input("positions", positions, elements(s.tokens(), s.width()))
        .result("out", out, elements(s.batch(), s.tokens(), s.width()));
    unchecked().assembleTokens(s, patches, classToken, positions, out);
  }

  @Override
  default void assembleTokensBackward(TokenShape s, Tensor dy, Tensor dPatches) {
    begin("assembleTokensBackward")
        .activation("dy", dy, elements(s.batch(), s.tokens(), s.width()))
        .result("dPatches", dPatches, elements(s.batch(), s.tokens() - 1, s.width()));
    unchecked().assembleTokensBackward(s, dy, dPatches);
  }

  @Override
  default void selectClassToken(TokenShape s, Tensor x, Tensor y) {
    begin("selectClassToken")
        .activation("x", x, elements(s.batch(), s.tokens(), s.width()))
        .result("y", y, elements(s.batch(), s.width()));
    unchecked().selectClassToken(s, x, y);
  }

  @Override
  default void selectClassTokenBackward(TokenShape s, Tensor dy, Tensor dx) {
    begin("selectClassTokenBackward")
        .activation("dy", dy, elements(s.batch(), s.width()))
        .result("dx", dx, elements(s.batch(), s.tokens(), s.width()));
    unchecked().selectClassTokenBackward(s, dy, dx);
  }

  @Override
  default void resizePositions(PositionShape s, Tensor positions, Tensor out) {
    begin("resizePositions")
        .input("positions", positions, elements(1 + elements(s.from(), s.from()), s.width()))
        .output("out", out, elements(1 + elements(s.to(), s.to()), s.width()));
    unchecked().resizePositions(s, positions, out);
  }

  @Override
  default void resizePositionsBackward(PositionShape s, Tensor dy, Tensor dPositions) {
    begin("resizePositionsBackward")
        .input("dy", dy, elements(1 + elements(s.to(), s.to()), s.width()))
        .output("dPositions", dPositions, elements(1 + elements(s.from(), s.from()), s.width()));
    unchecked().resizePositionsBackward(s, dy, dPositions);
  }
}
