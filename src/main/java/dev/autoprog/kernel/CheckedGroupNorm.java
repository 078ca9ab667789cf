package dev.autoprog.kernel;

import static dev.autoprog.kernel.Shapes.elements;

import dev.autoprog.tensor.Tensor;

/** Checks in front of {@link GroupNormKernels}. */
interface CheckedGroupNorm extends CheckedFamily, GroupNormKernels {
  @Override
  default void groupNormForward(
      GroupShape s,
      float epsilon,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    begin("groupNormForward")
        .activation("x", x, map(s))
        .input("gain", gain, s.channels())
        .input("bias", bias, s.channels())
        .result("y", y, map(s))
        .output("mean", mean, statistics(s))
        .output("rstd", rstd, statistics(s));
    unchecked().groupNormForward(s, epsilon, silu, x, gain, bias, y, mean, rstd);
  }

  @Override
  default void groupNormBackward(
      GroupShape s,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor base,
      Tensor dx) {
    saved("groupNormBackward", s, x, gain, bias, mean, rstd)
        .activation("dy", dy, map(s))
        .activationOrNull("base", base, map(s))
        .result("dx", dx, map(s), base);
    unchecked().groupNormBackward(s, silu, x, gain, bias, mean, rstd, dy, base, dx);
  }

  @Override
  default void groupNormBackwardParameters(
      GroupShape s,
      boolean silu,
      Tensor x,
      Tensor gain,
      Tensor bias,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      Tensor dGain,
      Tensor dBias) {
    saved("groupNormBackwardParameters", s, x, gain, bias, mean, rstd)
        .activation("dy", dy, map(s))
        .output("dGain", dGain, s.channels())
        .output("dBias", dBias, s.channels());
    unchecked().groupNormBackwardParameters(s, silu, x, gain, bias, mean, rstd, dy, dGain, dBias);
  }

  private ArgumentChecks saved(
      String kernel, GroupShape s, Tensor x, Tensor gain, Tensor bias, Tensor mean, Tensor rstd) {
    return begin(kernel)
        .activation("x", x, map(s))
        .input("gain", gain, s.channels())
        .input("bias", bias, s.channels())
        .input("mean", mean, statistics(s))
        .input("rstd", rstd, statistics(s));
  }

  private static long map(GroupShape s) {
    return elements(s.batch(), s.pixels(), s.channels());
  }

  private static long statistics(GroupShape s) {
    return elements(s.batch(), s.groups());
  }
}
