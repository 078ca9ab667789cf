package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.SAVED_ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchMaps;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GroupNormTest {
  private static final double BOUND = 1e-5;
  private static final boolean[] WITH_AND_WITHOUT_SILU = {false, true};

  /** Groups that end within a vector; samples that are one unit of work, and several. */
  static List<GroupShape> shapes() {
    return List.of(
        new GroupShape(1, 1, 1, 1),
        new GroupShape(2, 1, 6, 2),
        new GroupShape(3, 9, 8, 8),
        new GroupShape(2, 65, 30, 3),
        new GroupShape(1, 197, 65, 1),
        new GroupShape(5, 63, 96, 32),
        new GroupShape(2, 300, 320, 32),
        new GroupShape(1, 1025, 192, 4));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(GroupShape s) {
    for (boolean silu : WITH_AND_WITHOUT_SILU) {
      RandomData data = RandomData.of("group norm libtorch", s, silu);
      KernelCall forward = GroupNormKernelCalls.forward(data, s, silu);
      KernelCall backward = GroupNormKernelCalls.backward(data, forward, s, silu, true);
      KernelCall parameters =
          GroupNormKernelCalls.backwardParameters(data, forward, s, silu)
              .with("dy", backward.floats("dy"));
      Libtorch.scoped(
          () -> {
            long[] dims = {s.batch(), s.pixels(), 1, s.channels()};
            var x = Libtorch.variable(forward.floats("x"), dims);
            var gain = Libtorch.variable(forward.floats("gain"), s.channels());
            var bias = Libtorch.variable(forward.floats("bias"), s.channels());
            var y =
                LibtorchMaps.groupNorm(
                    x, gain, bias, s.groups(), GroupNormKernelCalls.EPSILON, silu);
            referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
            var groups =
                x.permute(0, 3, 1, 2)
                    .reshape(s.batch(), s.groups(), s.groupChannels() * s.pixels());
            referenceGives(forward, "mean", Libtorch.values(groups.mean(2)), ROUNDING);

            Libtorch.backward(y, backward.floats("dy"));
            var base = Libtorch.constant(backward.floats("base"), dims);
            double[] dx = Libtorch.values(x.grad().add(base));
            referenceGives(backward, "dx", dx, SAVED_ROUNDING);
            referenceAdds(parameters, "dGain", Libtorch.values(gain.grad()), SAVED_ROUNDING);
            referenceAdds(parameters, "dBias", Libtorch.values(bias.grad()), SAVED_ROUNDING);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, GroupShape s) {
    for (boolean silu : WITH_AND_WITHOUT_SILU) {
      RandomData data = RandomData.of("group norm", s, silu);
      checkAll(GroupNormKernelCalls.forward(data, s, silu), data, candidate, s, silu);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aMeanFarFromZeroCostsNoPrecision(Candidate candidate, GroupShape s) {
    RandomData data = RandomData.of("group norm offset", s);
    KernelCall forward = GroupNormKernelCalls.forward(data, s, false);
    float[] x = forward.floats("x");
    for (int i = 0; i < x.length; i++) {
      x[i] += 8;
    }
    KernelCheck.check(forward.with("x", x), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, GroupShape s) {
    for (boolean silu : WITH_AND_WITHOUT_SILU) {
      RandomData data = RandomData.of("group norm non-finite", s, silu);
      KernelCall forward = GroupNormKernelCalls.forward(data, s, silu);
      checkAll(NonFinite.with(forward, "x", data, Float.NaN), data, candidate, s, silu);
      // a group with an infinite value has no variance; whether it has a mean is nobody's question
      KernelCheck.check(NonFinite.in(forward, "x", data), candidate, BOUND, "mean");
      KernelCheck.check(NonFinite.in(forward, "gain", data), candidate, BOUND);
      KernelCheck.check(NonFinite.in(forward, "bias", data), candidate, BOUND);
      KernelCall backward = GroupNormKernelCalls.backward(data, forward, s, silu, true);
      KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
      KernelCheck.check(NonFinite.in(backward, "bias", data), candidate, BOUND);
      KernelCheck.check(NonFinite.in(backward, "base", data), candidate, BOUND);
    }
  }

  private static void checkAll(
      KernelCall forward, RandomData data, Candidate candidate, GroupShape s, boolean silu) {
    KernelCheck.check(forward, candidate, BOUND);
    for (boolean base : new boolean[] {false, true}) {
      KernelCheck.check(
          GroupNormKernelCalls.backward(data, forward, s, silu, base), candidate, BOUND);
    }
    KernelCheck.check(
        GroupNormKernelCalls.backwardParameters(data, forward, s, silu), candidate, BOUND);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void backwardAgreesWithFiniteDifferences(boolean silu) {
    GroupShape s = new GroupShape(2, 3, 6, 2);
    RandomData data = RandomData.of("group norm differences", silu);
    KernelCall forward = GroupNormKernelCalls.forward(data, s, silu);
    KernelCall backward = GroupNormKernelCalls.backward(data, forward, s, silu, false);
    float[] dy = backward.floats("dy");
    KernelCall parameters =
        GroupNormKernelCalls.backwardParameters(data, forward, s, silu).with("dy", dy);
    referenceGives(backward, "dx", FiniteDifferences.gradient(forward, "x", "y", dy), DIFFERENCES);
    referenceAdds(
        parameters, "dGain", FiniteDifferences.gradient(forward, "gain", "y", dy), DIFFERENCES);
    referenceAdds(
        parameters, "dBias", FiniteDifferences.gradient(forward, "bias", "y", dy), DIFFERENCES);
  }
}
