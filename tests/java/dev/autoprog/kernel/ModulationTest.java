package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.SAVED_ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ModulationTest {
  private static final double BOUND = 1e-5;

  /** Where NaNs leave few elements, what is left may be small beside the terms of its sum. */
  private static final double BOUND_OF_FEW = 1e-3;

  static List<ModulationShape> shapes() {
    return List.of(
        new ModulationShape(1, 1, 1, 3),
        new ModulationShape(2, 3, 5, 4),
        new ModulationShape(3, 65, 64, 6),
        new ModulationShape(1, 197, 384, 3),
        new ModulationShape(65, 2, 33, 6),
        new ModulationShape(2, 1030, 65, 3));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  private static ModulationShape oneChunk(ModulationShape s) {
    return new ModulationShape(s.batch(), s.tokens(), s.width(), 1);
  }

  private static Tensor tokens(KernelCall call, String name, ModulationShape s) {
    return Libtorch.variable(call.floats(name), s.batch(), s.tokens(), s.width());
  }

  private static Tensor modulation(KernelCall call, String name, ModulationShape s) {
    return Libtorch.variable(call.floats(name), s.batch(), s.chunks(), 1, s.width());
  }

  /** What the argument held, with the gradient of libtorch in these chunks. */
  private static double[] written(
      KernelCall call, ModulationShape s, Tensor gradient, int... chunks) {
    double[] expected = Closeness.widen(call.floats("dModulation"));
    double[] all = Libtorch.values(gradient);
    int width = (int) s.width();
    for (int b = 0; b < s.batch(); b++) {
      for (int chunk : chunks) {
        int at = (int) (b * s.chunks() + chunk) * width;
        System.arraycopy(all, at, expected, at, width);
      }
    }
    return expected;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceOfTheNormAgreesWithLibtorch(ModulationShape s) {
    RandomData data = RandomData.of("modulated norm libtorch", s);
    KernelCall forward = ConditioningKernelCalls.modulatedNormForward(data, s);
    KernelCall backward = ConditioningKernelCalls.modulatedNormBackward(data, forward, s, true);
    int shift = ConditioningKernelCalls.SHIFT;
    int scale = ConditioningKernelCalls.SCALE;
    Libtorch.scoped(
        () -> {
          var x = tokens(forward, "x", s);
          var m = modulation(forward, "modulation", s);
          var none = new TensorOptional();
          var outputs =
              torch.native_layer_norm(
                  x, new long[] {s.width()}, none, none, KernelCalls.LAYER_NORM_EPSILON);
          var gain = m.select(1, scale).add(new Scalar(1.0));
          var y = outputs.get0().mul(gain).add(m.select(1, shift));
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          referenceGives(forward, "mean", Libtorch.values(outputs.get1()), ROUNDING);
          referenceGives(forward, "rstd", Libtorch.values(outputs.get2()), ROUNDING);
          Libtorch.backward(y, backward.floats("dy"));
          double[] dx = Libtorch.values(x.grad().add(tokens(backward, "base", s)));
          referenceGives(backward, "dx", dx, SAVED_ROUNDING);
          double[] chunks = written(backward, s, m.grad(), shift, scale);
          referenceGives(backward, "dModulation", chunks, SAVED_ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceOfGateAndSumsAgreesWithLibtorch(ModulationShape s) {
    RandomData data = RandomData.of("gate libtorch", s);
    KernelCall forward = ConditioningKernelCalls.gateForward(data, s);
    KernelCall backward =
        ConditioningKernelCalls.gateBackward(data, s)
            .with("branch", forward.floats("branch"))
            .with("modulation", forward.floats("modulation"));
    KernelCall addition = ConditioningKernelCalls.addToTokens(data, oneChunk(s));
    KernelCall sum =
        ConditioningKernelCalls.sumOverTokens(data, oneChunk(s)).with("dy", backward.floats("dy"));
    int gate = ConditioningKernelCalls.GATE;
    Libtorch.scoped(
        () -> {
          var branch = tokens(forward, "branch", s);
          var m = modulation(forward, "modulation", s);
          var y = tokens(forward, "x", s).add(branch.mul(m.select(1, gate)));
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, backward.floats("dy"));
          referenceGives(backward, "dBranch", Libtorch.values(branch.grad()), ROUNDING);
          double[] chunk = written(backward, s, m.grad(), gate);
          referenceGives(backward, "dModulation", chunk, ROUNDING);

          var t = Libtorch.variable(addition.floats("t"), s.batch(), 1, s.width());
          var added = tokens(addition, "x", s).add(t);
          referenceGives(addition, "y", Libtorch.values(added), ROUNDING);
          Libtorch.backward(added, sum.floats("dy"));
          referenceGives(sum, "dT", Libtorch.values(t.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, ModulationShape s) {
    RandomData data = RandomData.of("modulation", s);
    KernelCall norm = ConditioningKernelCalls.modulatedNormForward(data, s);
    for (KernelCall call :
        List.of(
            norm,
            ConditioningKernelCalls.modulatedNormBackward(data, norm, s, true),
            ConditioningKernelCalls.modulatedNormBackward(data, norm, s, false),
            ConditioningKernelCalls.gateForward(data, s),
            ConditioningKernelCalls.gateBackward(data, s),
            ConditioningKernelCalls.addToTokens(data, oneChunk(s)),
            ConditioningKernelCalls.sumOverTokens(data, oneChunk(s)))) {
      KernelCheck.check(call, candidate, BOUND);
    }
  }

  /** Each gradient alone is what it is beside the other. */
  @ParameterizedTest
  @MethodSource("candidates")
  void whatIsNotWantedIsLeftOut(Candidate candidate, ModulationShape s) {
    RandomData data = RandomData.of("modulation unwanted", s);
    KernelCall norm = ConditioningKernelCalls.modulatedNormForward(data, s);
    KernelCall both = ConditioningKernelCalls.modulatedNormBackward(data, norm, s, false);
    KernelCall gates = ConditioningKernelCalls.gateBackward(data, s);
    for (String unwanted : List.of("dx", "dModulation")) {
      KernelCheck.check(both.without(unwanted), candidate, BOUND);
    }
    for (String unwanted : List.of("dBranch", "dModulation")) {
      KernelCheck.check(gates.without(unwanted), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aMeanFarFromZeroCostsNoPrecision(Candidate candidate, ModulationShape s) {
    RandomData data = RandomData.of("modulated norm offset", s);
    KernelCall forward = ConditioningKernelCalls.modulatedNormForward(data, s);
    float[] x = forward.floats("x");
    for (int i = 0; i < x.length; i++) {
      x[i] += 8;
    }
    KernelCheck.check(forward.with("x", x), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, ModulationShape s) {
    RandomData data = RandomData.of("modulation non-finite", s);
    KernelCall norm = ConditioningKernelCalls.modulatedNormForward(data, s);
    KernelCheck.check(NonFinite.with(norm, "x", data, Float.NaN), candidate, BOUND_OF_FEW);
    KernelCheck.check(NonFinite.in(norm, "modulation", data), candidate, BOUND_OF_FEW);
    KernelCall normBackward = ConditioningKernelCalls.modulatedNormBackward(data, norm, s, true);
    for (String argument : List.of("dy", "base")) {
      KernelCheck.check(NonFinite.in(normBackward, argument, data), candidate, BOUND_OF_FEW);
    }
    KernelCall gate = ConditioningKernelCalls.gateForward(data, s);
    for (String argument : List.of("x", "branch", "modulation")) {
      KernelCheck.check(NonFinite.in(gate, argument, data), candidate, BOUND_OF_FEW);
    }
    KernelCall gateBackward = ConditioningKernelCalls.gateBackward(data, s);
    for (String argument : List.of("dy", "branch")) {
      KernelCheck.check(NonFinite.in(gateBackward, argument, data), candidate, BOUND_OF_FEW);
    }
    KernelCall sum = ConditioningKernelCalls.sumOverTokens(data, oneChunk(s));
    KernelCheck.check(NonFinite.in(sum, "dy", data), candidate, BOUND_OF_FEW);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    ModulationShape s = new ModulationShape(2, 3, 5, 4);
    RandomData data = RandomData.of("modulation differences");
    KernelCall forward = ConditioningKernelCalls.modulatedNormForward(data, s);
    KernelCall backward = ConditioningKernelCalls.modulatedNormBackward(data, forward, s, false);
    float[] dy = backward.floats("dy");
    referenceGives(backward, "dx", FiniteDifferences.gradient(forward, "x", "y", dy), DIFFERENCES);
    KernelCall cleared =
        backward.with("dModulation", new float[backward.floats("dModulation").length]);
    referenceGives(
        cleared,
        "dModulation",
        FiniteDifferences.gradient(forward, "modulation", "y", dy),
        DIFFERENCES);
  }
}
