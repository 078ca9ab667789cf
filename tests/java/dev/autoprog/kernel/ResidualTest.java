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
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ResidualTest {
  /** A product and a sum, each rounded, or both at once: at most one unit in the last place off. */
  private static final double ONE_ROUNDING_MORE = 2e-7;

  private static final double EXACT = 0;

  static List<RowsShape> shapes() {
    return List.of(
        RowsShape.dense(1, 33),
        RowsShape.dense(2, 63),
        RowsShape.dense(5, 65),
        RowsShape.dense(3, 197 * 33));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(RowsShape s) {
    RandomData data = RandomData.of("residual libtorch", s);
    KernelCall forward = KernelCalls.residualForward(data, s, true);
    KernelCall backward =
        KernelCalls.residualBackward(data, s).with("scale", forward.floats("scale"));
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(forward.floats("x"), s.rows(), s.columns());
          var branch = Libtorch.variable(forward.floats("branch"), s.rows(), s.columns());
          var scale = Libtorch.constant(forward.floats("scale"), s.rows(), 1);
          var y = x.add(branch.mul(scale));
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, backward.floats("dy"));
          referenceGives(backward, "dBranch", Libtorch.values(branch.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("residual", s);
    KernelCheck.check(KernelCalls.residualForward(data, s, true), candidate, ONE_ROUNDING_MORE);
    KernelCheck.check(KernelCalls.residualForward(data, s, false), candidate, EXACT);
    KernelCheck.check(KernelCalls.residualBackward(data, s), candidate, EXACT);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("residual non-finite", s);
    KernelCall forward = KernelCalls.residualForward(data, s, true);
    KernelCheck.check(NonFinite.in(forward, "x", data), candidate, ONE_ROUNDING_MORE);
    KernelCheck.check(NonFinite.in(forward, "branch", data), candidate, ONE_ROUNDING_MORE);
    KernelCheck.check(NonFinite.in(forward, "scale", data), candidate, ONE_ROUNDING_MORE);
    KernelCheck.check(
        NonFinite.in(KernelCalls.residualBackward(data, s), "dy", data), candidate, EXACT);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    RowsShape s = RowsShape.dense(3, 5);
    RandomData data = RandomData.of("residual differences");
    KernelCall forward = KernelCalls.residualForward(data, s, true);
    KernelCall backward =
        KernelCalls.residualBackward(data, s).with("scale", forward.floats("scale"));
    float[] dy = backward.floats("dy");
    referenceGives(
        backward, "dBranch", FiniteDifferences.gradient(forward, "branch", "y", dy), DIFFERENCES);
  }
}
