package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.tensor.DType;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ElementwiseTest {
  private static final double BOUND = 1e-5;
  private static final double EXACT = 0;

  static List<Integer> sizes() {
    return List.of(1, 2, 63, 65, 197, 100_003);
  }

  static List<RowsShape> rowShapes() {
    return List.of(
        RowsShape.dense(1, 1),
        RowsShape.dense(197, 1),
        RowsShape.dense(1, 65),
        RowsShape.dense(1001, 63),
        new RowsShape(63, 2, 65),
        new RowsShape(5, 197, 300));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(sizes());
  }

  static Stream<Arguments> rowCandidates() {
    return Candidate.times(rowShapes());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void additionRoundsAsLibtorchDoesInFloat32(int n) {
    KernelCall call = KernelCalls.add(RandomData.of("add libtorch", n), n);
    Libtorch.scoped(
        () -> {
          var a = Tensor.create(call.floats("a"), n);
          var b = Tensor.create(call.floats("b"), n);
          referenceGives(call, "out", Libtorch.values(a.add(b)), EXACT);
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void theArithmeticOfASamplersStepAgreesWithLibtorch(int n) {
    RandomData data = RandomData.of("sampler libtorch", n);
    KernelCall three = ElementwiseKernelCalls.linearCombination(data, n, true);
    KernelCall two = ElementwiseKernelCalls.linearCombination(data, n, false);
    KernelCall exponential = ElementwiseKernelCalls.addExponential(data, n, 2);
    KernelCall clamp = ElementwiseKernelCalls.clamp(data, n);
    Libtorch.scoped(
        () -> {
          var sum = scaled(three, "x", 0.75f).add(scaled(three, "y", -1.5f));
          var all = sum.add(scaled(three, "z", 0.3f));
          referenceGives(three, "out", Libtorch.values(all), ROUNDING);
          var both = scaled(two, "x", 0.75f).add(scaled(two, "y", -1.5f));
          referenceGives(two, "out", Libtorch.values(both), ROUNDING);
          var factor = scaled(exponential, "v", 2).sub(new Scalar(1.5)).exp();
          var noise = factor.mul(scaled(exponential, "z", 1));
          var noisy = scaled(exponential, "x", 1).add(noise);
          referenceGives(exponential, "out", Libtorch.values(noisy), ROUNDING);
          var clamped =
              torch.clamp(
                  scaled(clamp, "x", 1),
                  new ScalarOptional(new Scalar(-0.5)),
                  new ScalarOptional(new Scalar(0.75)));
          referenceGives(clamp, "out", Libtorch.values(clamped), ROUNDING);
        });
  }

  private static Tensor scaled(KernelCall call, String name, float factor) {
    float[] values = call.floats(name);
    return Libtorch.constant(values, values.length).mul(new Scalar(factor));
  }

  @ParameterizedTest
  @MethodSource("rowShapes")
  void sumsOverRowsAgreeWithLibtorch(RowsShape s) {
    KernelCall call = KernelCalls.sumRows(RandomData.of("sum libtorch", s), s);
    float[] values = call.floats("x");
    Libtorch.scoped(
        () -> {
          var x = Libtorch.constant(values, values.length);
          var rows =
              torch.as_strided(x, new long[] {s.rows(), s.columns()}, new long[] {s.stride(), 1});
          referenceAdds(call, "sum", Libtorch.values(rows.sum(0)), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("elementwise", n);
    KernelCheck.check(KernelCalls.fill(n), candidate, EXACT);
    KernelCheck.check(KernelCalls.add(data, n), candidate, EXACT);
    KernelCheck.check(NonFinite.in(KernelCalls.add(data, n), "a", data), candidate, EXACT);
    for (DType from : List.of(DType.FLOAT32, DType.BFLOAT16)) {
      for (DType to : List.of(DType.FLOAT32, DType.BFLOAT16)) {
        KernelCall convert = KernelCalls.convert(data, n, from, to);
        KernelCheck.check(convert, candidate, EXACT);
        KernelCheck.check(NonFinite.in(convert, "from", data), candidate, EXACT);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void theArithmeticOfASamplersStepAgreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("sampler", n);
    for (boolean three : new boolean[] {false, true}) {
      KernelCall call = ElementwiseKernelCalls.linearCombination(data, n, three);
      // of few elements, the sum may cancel
      KernelCheck.check(n < 63 ? call.with("y", data.awayFromZero(n)) : call, candidate, BOUND);
      KernelCheck.check(NonFinite.in(call, "y", data), candidate, BOUND);
    }
    KernelCall exponential = ElementwiseKernelCalls.addExponential(data, n, 2);
    KernelCheck.check(exponential.with("x", data.prior(n)), candidate, BOUND);
    KernelCheck.check(NonFinite.in(exponential, "v", data), candidate, BOUND);
    KernelCheck.check(ElementwiseKernelCalls.clamp(data, n), candidate, EXACT);
    KernelCheck.check(
        NonFinite.in(ElementwiseKernelCalls.clamp(data, n), "x", data), candidate, EXACT);
  }

  @ParameterizedTest
  @MethodSource("rowCandidates")
  void sumsOverRowsAgreeWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("sum", s);
    KernelCall call = KernelCalls.sumRows(data, s);
    KernelCheck.check(call, candidate, BOUND);
    KernelCheck.check(NonFinite.in(call, "x", data), candidate, BOUND);
    KernelCheck.check(NonFinite.in(call, "sum", data), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("rowCandidates")
  void mixedRowsAgreeWithTheReference(Candidate candidate, RowsShape s) {
    RowsShape dense = RowsShape.dense(s.rows(), s.columns());
    RandomData data = RandomData.of("mix", s);
    KernelCall call = ConditioningKernelCalls.mixRows(data, dense);
    KernelCheck.check(call, candidate, BOUND);
    for (String argument : List.of("a", "x", "b", "y")) {
      KernelCheck.check(NonFinite.in(call, argument, data), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("rowShapes")
  void mixedRowsAgreeWithLibtorch(RowsShape s) {
    RowsShape dense = RowsShape.dense(s.rows(), s.columns());
    KernelCall call = ConditioningKernelCalls.mixRows(RandomData.of("mix libtorch", s), dense);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.constant(call.floats("x"), s.rows(), s.columns());
          var y = Libtorch.constant(call.floats("y"), s.rows(), s.columns());
          var a = Libtorch.constant(call.floats("a"), s.rows(), 1);
          var b = Libtorch.constant(call.floats("b"), s.rows(), 1);
          referenceGives(call, "out", Libtorch.values(x.mul(a).add(y.mul(b))), ROUNDING);
        });
  }

  @Test
  void fillWritesEveryValueAsItIs() {
    for (float value :
        new float[] {0, -0f, 1e-45f, Float.MAX_VALUE, Float.NaN, Float.NEGATIVE_INFINITY}) {
      KernelCall call =
          new KernelCall("fill").output("x", 5).body((k, t) -> k.fill(t.get("x"), value));
      float[] expected = {value, value, value, value, value};
      Closeness.assertSameBits("fill", call.onReference().get("x"), expected);
      for (Candidate candidate : Candidate.all()) {
        KernelCheck.check(call, candidate, EXACT);
      }
    }
  }
}
