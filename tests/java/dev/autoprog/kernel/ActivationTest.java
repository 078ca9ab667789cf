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
import org.bytedeco.pytorch.Tensor;
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
    for (Gelu gelu : Gelu.values()) {
      // farther out libtorch's own 1 + erf cancels
      float[] x = data.uniform(n, -5, 5);
      KernelCall forward = KernelCalls.geluForward(data, gelu, n).with("x", x);
      agreesWithLibtorch(gelu, forward);
      agreesWithLibtorch(gelu, NonFinite.in(forward, "x", data));
    }
  }

  static Tensor gelu(Gelu gelu, Tensor x) {
    return gelu == Gelu.ERF ? torch.gelu(x) : torch.gelu(x, "tanh");
  }

  private static void agreesWithLibtorch(Gelu gelu, KernelCall forward) {
    float[] values = forward.floats("x");
    float[] ones = new float[values.length];
    Arrays.fill(ones, 1);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(values, values.length);
          var y = gelu(gelu, x);
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, ones);
          referenceGives(forward, "slope", Libtorch.values(x.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("gelu", n);
    for (Gelu gelu : Gelu.values()) {
      KernelCheck.check(KernelCalls.geluForward(data, gelu, n), candidate, BOUND);
    }
    KernelCheck.check(ConditioningKernelCalls.siluForward(data, n), candidate, BOUND);
    KernelCheck.check(ConditioningKernelCalls.siluBackward(data, n), candidate, BOUND);
    KernelCheck.check(KernelCalls.geluBackward(data, n), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void withoutTheSlopeTheResultIsTheSame(Candidate candidate, int n) {
    float[] x = RandomData.of("gelu alone", n).uniform(n, -5, 5);
    for (Gelu gelu : Gelu.values()) {
      KernelCall alone =
          new KernelCall("geluForward without slope")
              .input("x", x)
              .output("y", n)
              .typed("x", "y")
              .body((k, t) -> k.geluForward(gelu, t.get("x"), t.get("y"), null));
      KernelCheck.check(alone, candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void tailsAgreeWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("gelu tails", n);
    for (double reach : new double[] {0.01, 40, 3e38}) {
      float[] x = data.uniform(n, -reach, reach);
      // the bound is on the norm: it must not be that of denormal numbers alone
      x[0] = 1;
      for (Gelu gelu : Gelu.values()) {
        KernelCheck.check(KernelCalls.geluForward(data, gelu, n).with("x", x), candidate, BOUND);
      }
      KernelCall silu = ConditioningKernelCalls.siluForward(data, n);
      KernelCall backward = ConditioningKernelCalls.siluBackward(data, n);
      KernelCheck.check(silu.with("x", x), candidate, BOUND);
      KernelCheck.check(backward.with("x", x), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, int n) {
    RandomData data = RandomData.of("gelu non-finite", n);
    KernelCall backward = KernelCalls.geluBackward(data, n);
    for (Gelu gelu : Gelu.values()) {
      KernelCall forward = KernelCalls.geluForward(data, gelu, n);
      KernelCheck.check(NonFinite.in(forward, "x", data), candidate, BOUND);
    }
    KernelCall silu = ConditioningKernelCalls.siluForward(data, n);
    KernelCheck.check(NonFinite.in(silu, "x", data), candidate, BOUND);
    KernelCall siluBackward = ConditioningKernelCalls.siluBackward(data, n);
    KernelCheck.check(NonFinite.in(siluBackward, "x", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(siluBackward, "dy", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "slope", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void referenceOfSiluAgreesWithLibtorch(int n) {
    RandomData data = RandomData.of("silu libtorch", n);
    KernelCall forward = ConditioningKernelCalls.siluForward(data, n);
    KernelCall backward =
        ConditioningKernelCalls.siluBackward(data, n).with("x", forward.floats("x"));
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(forward.floats("x"), n);
          var y = torch.silu(x);
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, backward.floats("dy"));
          referenceGives(backward, "dx", Libtorch.values(x.grad()), ROUNDING);
        });
  }

  static List<RowsShape> rows() {
    return List.of(
        RowsShape.dense(1, 1),
        RowsShape.dense(63, 2),
        RowsShape.dense(5, 65),
        RowsShape.dense(197, 128));
  }

  static Stream<Arguments> rowCandidates() {
    return Candidate.times(rows());
  }

  @ParameterizedTest
  @MethodSource("rows")
  void referenceOfGegluAgreesWithLibtorch(RowsShape s) {
    RandomData data = RandomData.of("geglu libtorch", s);
    float[] values = data.uniform(2 * s.rows() * s.columns(), -5, 5);
    KernelCall forward = ConditioningKernelCalls.gegluForward(data, s).with("x", values);
    KernelCall backward = ConditioningKernelCalls.gegluBackward(data, s).with("x", values);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(values, s.rows(), 2, s.columns());
          var y = x.select(1, 0).mul(torch.gelu(x.select(1, 1)));
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, backward.floats("dy"));
          referenceGives(backward, "dx", Libtorch.values(x.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("rowCandidates")
  void gegluAgreesWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("geglu", s);
    KernelCall forward = ConditioningKernelCalls.gegluForward(data, s);
    KernelCall backward = ConditioningKernelCalls.gegluBackward(data, s);
    KernelCheck.check(forward, candidate, BOUND);
    KernelCheck.check(backward, candidate, BOUND);
    KernelCheck.check(NonFinite.in(forward, "x", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "x", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
  }

  @Test
  void theSlopeAgreesWithFiniteDifferences() {
    for (Gelu gelu : Gelu.values()) {
      KernelCall forward = KernelCalls.geluForward(RandomData.of("gelu differences"), gelu, 65);
      float[] ones = new float[65];
      Arrays.fill(ones, 1);
      referenceGives(
          forward, "slope", FiniteDifferences.gradient(forward, "x", "y", ones), DIFFERENCES);
    }
  }
}
