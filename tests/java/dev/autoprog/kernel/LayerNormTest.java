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
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LayerNormTest {
  private static final double BOUND = 1e-5;

  static List<RowsShape> shapes() {
    return List.of(
        RowsShape.dense(1, 1),
        RowsShape.dense(3, 9),
        RowsShape.dense(1, 63),
        RowsShape.dense(65, 65),
        RowsShape.dense(2, 384),
        RowsShape.dense(197, 33),
        RowsShape.dense(5, 1153));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(RowsShape s) {
    RandomData data = RandomData.of("layer norm libtorch", s);
    KernelCall forward = KernelCalls.layerNormForward(data, s);
    KernelCall backward = KernelCalls.layerNormBackward(data, forward, s, true);
    KernelCall parameters =
        KernelCalls.layerNormBackwardParameters(data, forward, s).with("dy", backward.floats("dy"));
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(forward.floats("x"), s.rows(), s.columns());
          var gain = Libtorch.variable(forward.floats("gain"), s.columns());
          var bias = Libtorch.variable(forward.floats("bias"), s.columns());
          var outputs =
              torch.native_layer_norm(
                  x,
                  new long[] {s.columns()},
                  new TensorOptional(gain),
                  new TensorOptional(bias),
                  KernelCalls.LAYER_NORM_EPSILON);
          referenceGives(forward, "y", Libtorch.values(outputs.get0()), ROUNDING);
          referenceGives(forward, "mean", Libtorch.values(outputs.get1()), ROUNDING);
          referenceGives(forward, "rstd", Libtorch.values(outputs.get2()), ROUNDING);

          Libtorch.backward(outputs.get0(), backward.floats("dy"));
          double[] dx =
              Libtorch.values(
                  x.grad().add(Libtorch.constant(backward.floats("base"), s.rows(), s.columns())));
          referenceGives(backward, "dx", dx, SAVED_ROUNDING);
          referenceAdds(parameters, "dGain", Libtorch.values(gain.grad()), SAVED_ROUNDING);
          referenceAdds(parameters, "dBias", Libtorch.values(bias.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("layer norm", s);
    checkAll(KernelCalls.layerNormForward(data, s), data, candidate, s);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aMeanFarFromZeroCostsNoPrecision(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("layer norm offset", s);
    KernelCall forward = KernelCalls.layerNormForward(data, s);
    float[] x = forward.floats("x");
    for (int i = 0; i < x.length; i++) {
      x[i] += 8;
    }
    KernelCheck.check(forward.with("x", x), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("layer norm non-finite", s);
    KernelCall forward = KernelCalls.layerNormForward(data, s);
    checkAll(NonFinite.with(forward, "x", data, Float.NaN), data, candidate, s);
    // a row with an infinite value has no variance; whether it has a mean is nobody's question
    KernelCheck.check(NonFinite.in(forward, "x", data), candidate, BOUND, "mean");
    KernelCheck.check(NonFinite.in(forward, "gain", data), candidate, BOUND);
    KernelCall backward = KernelCalls.layerNormBackward(data, forward, s, true);
    KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "base", data), candidate, BOUND);
  }

  private static void checkAll(
      KernelCall forward, RandomData data, Candidate candidate, RowsShape s) {
    KernelCheck.check(forward, candidate, BOUND);
    KernelCheck.check(KernelCalls.layerNormBackward(data, forward, s, true), candidate, BOUND);
    KernelCheck.check(KernelCalls.layerNormBackward(data, forward, s, false), candidate, BOUND);
    KernelCheck.check(KernelCalls.layerNormBackwardParameters(data, forward, s), candidate, BOUND);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    RowsShape s = RowsShape.dense(3, 7);
    RandomData data = RandomData.of("layer norm differences");
    KernelCall forward = KernelCalls.layerNormForward(data, s);
    KernelCall backward = KernelCalls.layerNormBackward(data, forward, s, false);
    float[] dy = backward.floats("dy");
    KernelCall parameters =
        KernelCalls.layerNormBackwardParameters(data, forward, s).with("dy", dy);
    referenceGives(backward, "dx", FiniteDifferences.gradient(forward, "x", "y", dy), DIFFERENCES);
    referenceAdds(
        parameters, "dGain", FiniteDifferences.gradient(forward, "gain", "y", dy), DIFFERENCES);
    referenceAdds(
        parameters, "dBias", FiniteDifferences.gradient(forward, "bias", "y", dy), DIFFERENCES);
  }
}
