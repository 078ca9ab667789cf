package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ActivationTest {
  private static final double BOUND = 1e-5;

  static List<Integer> sizes() {
    return List.of(1, 2, 63, 65, 197, 10_007);
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(sizes());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void referenceAgreesWithLibtorch(int n) {
    RandomData data = RandomData.of("gelu libtorch", n);
    // farther out libtorch's own 1 + erf cancels
    KernelCall forward = KernelCalls.geluForward(data, n).with("x", data.uniform(n, -5, 5));
    agreesWithLibtorch(forward, data);
    agreesWithLibtorch(NonFinite.in(forward, "x", data), data);
  }

  private static void agreesWithLibtorch(KernelCall forward, RandomData data) {
    float[] values = forward.floats("x");
    float[] ones = new float[values.length];
    Arrays.fill(ones, 1);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(values, values.length);
          var y = torch.gelu(x);
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, ones);
          referenceGives(forward, "slope", Libtorch.values(x.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("gelu", n);
    KernelCheck.check(KernelCalls.geluForward(data, n), candidate, BOUND);
    KernelCheck.check(KernelCalls.geluBackward(data, n), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void withoutTheSlopeTheResultIsTheSame(Candidate candidate, int n) {
    float[] x = RandomData.of("gelu alone", n).uniform(n, -5, 5);
    KernelCall alone =
        new KernelCall("geluForward without slope")
            .input("x", x)
            .output("y", n)
            .typed("x", "y")
            .body((k, t) -> k.geluForward(t.get("x"), t.get("y"), null));
    KernelCheck.check(alone, candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void tailsAgreeWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("gelu tails", n);
    for (double reach : new double[] {0.01, 40}) {
      float[] x = data.uniform(n, -reach, reach);
      // the bound is on the norm: it must not be that of denormal numbers alone
      x[0] = 1;
      KernelCheck.check(KernelCalls.geluForward(data, n).with("x", x), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, int n) {
    RandomData data = RandomData.of("gelu non-finite", n);
    KernelCall backward = KernelCalls.geluBackward(data, n);
    KernelCheck.check(NonFinite.in(KernelCalls.geluForward(data, n), "x", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "slope", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
  }

  @Test
  void theSlopeAgreesWithFiniteDifferences() {
    KernelCall forward = KernelCalls.geluForward(RandomData.of("gelu differences"), 65);
    float[] ones = new float[65];
    Arrays.fill(ones, 1);
    referenceGives(
        forward, "slope", FiniteDifferences.gradient(forward, "x", "y", ones), DIFFERENCES);
  }
}
