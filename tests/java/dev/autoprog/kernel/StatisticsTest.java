package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class StatisticsTest {
  private static final double BOUND = 1e-5;

  /** Of zicoReduce, which accumulates in float64. */
  private static final double SUM_BOUND = 1e-6;

  static List<JacobianShape> shapes() {
    return List.of(
        new JacobianShape(1, 1, 1, 1),
        new JacobianShape(2, 3, 5, 7),
        new JacobianShape(16, 1, 63, 33), // a class head
        new JacobianShape(5, 65, 129, 17),
        new JacobianShape(3, 197, 48, 65),
        new JacobianShape(17, 16, 33, 130),
        new JacobianShape(70, 2, 9, 300)); // more samples than a tile has room for
  }

  static List<Integer> sizes() {
    return List.of(1, 2, 63, 65, 197, 100_003);
  }

  static Stream<Arguments> candidatesAndShapes() {
    return Candidate.times(shapes());
  }

  static Stream<Arguments> candidatesAndSizes() {
    return Candidate.times(sizes());
  }

  /** Each sample's own gradient, found by autograd of a linear layer that it passes alone. */
  @ParameterizedTest
  @MethodSource("shapes")
  void referenceGramsAgreeWithLibtorch(JacobianShape s) {
    RandomData data = RandomData.of("gram libtorch", s);
    KernelCall contracted = StatisticsKernelCalls.ntkGramContracted(data, s);
    KernelCall tiled =
        StatisticsKernelCalls.ntkGramTiled(data, s)
            .with("x", contracted.floats("x"))
            .with("dy", contracted.floats("dy"));
    Libtorch.scoped(
        () -> {
          Tensor xs = Libtorch.constant(contracted.floats("x"), s.samples(), s.tokens(), s.in());
          Tensor dys = Libtorch.constant(contracted.floats("dy"), s.samples(), s.tokens(), s.out());
          TensorVector gradients = new TensorVector();
          for (long i = 0; i < s.samples(); i++) {
            Tensor weight = Libtorch.variable(data.gaussian(s.out() * s.in()), s.out(), s.in());
            torch.linear(xs.select(0, i), weight).mul(dys.select(0, i)).sum().backward();
            gradients.push_back(weight.grad().flatten());
          }
          Tensor jacobian = torch.stack(gradients);
          double[] expected = Libtorch.values(jacobian.matmul(jacobian.t()));
          referenceAdds(contracted, "gram", expected, ROUNDING);
          referenceAdds(tiled, "gram", expected, ROUNDING);
          KernelCall rows =
              StatisticsKernelCalls.ntkGramRows(data, s.samples(), s.out() * s.in())
                  .with("g", Closeness.narrow(Libtorch.values(jacobian)));
          referenceAdds(rows, "gram", expected, 1e-6);
        });
  }

  @ParameterizedTest
  @MethodSource("candidatesAndShapes")
  void gramsAgreeWithTheReference(Candidate candidate, JacobianShape s) {
    RandomData data = RandomData.of("gram", s);
    KernelCheck.check(StatisticsKernelCalls.ntkGramContracted(data, s), candidate, BOUND);
    KernelCheck.check(StatisticsKernelCalls.ntkGramTiled(data, s), candidate, BOUND);
    long elements = s.tokens() * s.in() + 1;
    KernelCheck.check(
        StatisticsKernelCalls.ntkGramRows(data, s.samples(), elements), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidatesAndShapes")
  void aSampleThatIsNotFiniteSpoilsItsOwnRowAndColumn(Candidate candidate, JacobianShape s) {
    RandomData data = RandomData.of("gram non-finite", s);
    for (KernelCall call :
        List.of(
            StatisticsKernelCalls.ntkGramContracted(data, s),
            StatisticsKernelCalls.ntkGramTiled(data, s))) {
      KernelCheck.check(NonFinite.with(call, "x", data, Float.NaN), candidate, BOUND);
      KernelCheck.check(NonFinite.with(call, "dy", data, Float.NaN), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidatesAndSizes")
  void zicoAgreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("zico", n);
    for (long batch : new long[] {1, 2, 3, 64}) {
      KernelCall update = StatisticsKernelCalls.zicoUpdate(data, n, batch);
      KernelCheck.check(update, candidate, BOUND);
      KernelCheck.check(NonFinite.in(update, "g", data), candidate, BOUND);
      KernelCall reduce = StatisticsKernelCalls.zicoReduce(data, n, batch);
      KernelCheck.check(reduce, candidate, SUM_BOUND);
      KernelCheck.check(NonFinite.with(reduce, "squares", data, Float.NaN), candidate, SUM_BOUND);
      KernelCheck.check(NonFinite.with(reduce, "magnitude", data, Float.NaN), candidate, SUM_BOUND);
    }
  }

  /** The streamed statistics of M batches against two passes over all of them. */
  @ParameterizedTest
  @MethodSource("sizes")
  void referenceStreamsWhatTwoPassesFind(int n) {
    for (int batches : new int[] {2, 7, 64}) {
      RandomData data = RandomData.of("zico stream", n, batches);
      List<float[]> gradients = new ArrayList<>();
      KernelCall update = StatisticsKernelCalls.zicoUpdate(data, n, 1);
      Map<String, float[]> state = null;
      for (int m = 1; m <= batches; m++) {
        gradients.add(data.awayFromZero(n));
        KernelCall next =
            StatisticsKernelCalls.zicoUpdate(data, n, m).with("g", gradients.get(m - 1));
        if (state != null) {
          for (String name : state.keySet()) {
            next = next.with(name, state.get(name));
          }
        }
        state = next.onReference();
      }
      double[] mean = new double[n];
      double[] magnitude = new double[n];
      double[] squares = new double[n];
      for (float[] g : gradients) {
        for (int i = 0; i < n; i++) {
          mean[i] += g[i] / (double) batches;
          magnitude[i] += Math.abs(g[i]) / (double) batches;
        }
      }
      double sum = 0;
      for (int i = 0; i < n; i++) {
        for (float[] g : gradients) {
          squares[i] += (g[i] - mean[i]) * (g[i] - mean[i]);
        }
        sum += squares[i] > 0 ? magnitude[i] / Math.sqrt(squares[i] / batches) : 0;
      }
      Closeness.assertClose("mean", state.get("mean"), mean, 1e-6);
      Closeness.assertClose("magnitude", state.get("magnitude"), magnitude, 1e-6);
      Closeness.assertClose("squares", state.get("squares"), squares, 1e-6);
      KernelCall reduce =
          StatisticsKernelCalls.zicoReduce(data, n, batches)
              .with("magnitude", Closeness.narrow(magnitude))
              .with("squares", Closeness.narrow(squares));
      referenceAdds(reduce, "sum", new double[] {sum}, 1e-6);
    }
  }

  @Test
  void countedOperations() {
    JacobianShape s = new JacobianShape(2, 3, 5, 7);
    // 3 pairs of samples, 9 pairs of tokens each, a multiply-add for each of 12 factors
    assertThat(s.contractedOperations()).isCloseTo(3 * 9 * 12 * 2, within(0.0));
    // 2 gradients of 35 sums over 3 tokens, then 3 pairs of samples
    assertThat(s.tiledOperations()).isCloseTo(2 * 35 * 3 * 2 + 3 * 35 * 2, within(0.0));
  }

  @Test
  void rowsMustDivideAmongTheSamples() {
    assertThat(JacobianShape.of(4, new LinearShape(12, 5, 7)))
        .isEqualTo(new JacobianShape(4, 3, 5, 7));
    assertThatThrownBy(() -> JacobianShape.of(5, new LinearShape(12, 5, 7)))
        .hasMessageContaining("12 rows cannot be those of 5 samples");
  }
}
