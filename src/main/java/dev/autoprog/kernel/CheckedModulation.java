package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link ModulationKernels}. */
interface CheckedModulation extends CheckedFamily, ModulationKernels {
  @Override
  default void modulatedNormForward(
      ModulationShape s,
      int shift,
      int scale,
      float epsilon,
      Tensor x,
      Tensor modulation,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    normChunks(begin("modulatedNormForward"), s, shift, scale)
        .activation("x", x, tokens(s))
        .activation("modulation", modulation, chunks(s))
        .result("y", y, tokens(s))
        .output("mean", mean, elements(s.batch(), s.tokens()))
        .output("rstd", rstd, elements(s.batch(), s.tokens()));
    unchecked().modulatedNormForward(s, shift, scale, epsilon, x, modulation, y, mean, rstd);
  }

  @Override
  default void modulatedNormBackward(
      ModulationShape s,
      int shift,
      int scale,
      Tensor x,
      Tensor modulation,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx,
      Tensor dModulation) {
    normChunks(begin("modulatedNormBackward"), s, shift, scale)
        .activation("x", x, tokens(s))
        .activation("modulation", modulation, chunks(s))
        .input("mean", mean, elements(s.batch(), s.tokens()))
        .input("rstd", rstd, elements(s.batch(), s.tokens()))
        .activation("dy", dy, tokens(s))
        .activationOrNull("base", base, tokens(s))
        .resultOrNull("dx", dx, tokens(s), base)
        .resultOrNull("dModulation", dModulation, chunks(s));
    unchecked()
        .modulatedNormBackward(
            s, shift, scale, x, modulation, mean, rstd, dy, base, dx, dModulation);
  }

  @Override
  default void gateForward(
      ModulationShape s, int gate, Tensor x, Tensor branch, Tensor modulation, Tensor y) {
    chunk(begin("gateForward"), s, "gate", gate)
        .activation("x", x, tokens(s))
        .activation("branch", branch, tokens(s))
        .activation("modulation", modulation, chunks(s))
        .result("y", y, tokens(s), x);
    unchecked().gateForward(s, gate, x, branch, modulation, y);
  }

  @Override
  default void gateBackward(
      ModulationShape s,
      int gate,
      Tensor dy,
      Tensor branch,
      Tensor modulation,
      Tensor dBranch,
      Tensor dModulation) {
    chunk(begin("gateBackward"), s, "gate", gate)
        .activation("dy", dy, tokens(s))
        .activation("branch", branch, tokens(s))
        .activation("modulation", modulation, chunks(s))
        .resultOrNull("dBranch", dBranch, tokens(s))
        .resultOrNull("dModulation", dModulation, chunks(s));
    unchecked().gateBackward(s, gate, dy, branch, modulation, dBranch, dModulation);
  }

  @Override
  default void addToTokens(ModulationShape s, Tensor x, Tensor t, Tensor y) {
    oneChunk(begin("addToTokens"), s)
        .activation("x", x, tokens(s))
        .activation("t", t, chunks(s))
        .result("y", y, tokens(s), x);
    unchecked().addToTokens(s, x, t, y);
  }

  @Override
  default void sumOverTokens(ModulationShape s, Tensor dy, Tensor dT) {
    oneChunk(begin("sumOverTokens"), s).activation("dy", dy, tokens(s)).result("dT", dT, chunks(s));
    unchecked().sumOverTokens(s, dy, dT);
  }

  private static ArgumentChecks normChunks(
      ArgumentChecks checks, ModulationShape s, int shift, int scale) {
    chunk(chunk(checks, s, "shift", shift), s, "scale", scale);
    if (shift == scale) {
      throw checks.bad("scale", scale, "another chunk than shift");
    }
    return checks;
  }

  private static ArgumentChecks chunk(
      ArgumentChecks checks, ModulationShape s, String name, int index) {
    if (index < 0 || index >= s.chunks()) {
      throw checks.bad(name, index, "one of the chunks 0 to " + (s.chunks() - 1));
    }
    return checks;
  }

  private static ArgumentChecks oneChunk(ArgumentChecks checks, ModulationShape s) {
    if (s.chunks() != 1) {
      throw checks.bad("shape", s, "one chunk");
    }
    return checks;
  }

  private static long tokens(ModulationShape s) {
    return elements(s.batch(), s.tokens(), s.width());
  }

  private static long chunks(ModulationShape s) {
    return elements(s.batch(), s.chunks(), s.width());
  }
}
