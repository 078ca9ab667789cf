package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiffusionLossTest {
  private static final double BOUND = 1e-5;

  /** Of what libtorch computes as the difference of two numbers near 1. */
  private static final double CANCELLED = 1e-6;

  static List<RowsShape> shapes() {
    return List.of(
        RowsShape.dense(1, 1),
        RowsShape.dense(7, 3),
        RowsShape.dense(5, 65),
        RowsShape.dense(4, 4096),
        RowsShape.dense(65, 33));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  /** The same rows as every second half. */
  private static RowsShape halves(RowsShape s) {
    return new RowsShape(s.rows(), s.columns(), 2 * s.columns());
  }

  private static float[] scales(RowsShape s) {
    float[] scales = new float[(int) s.rows()];
    Arrays.fill(scales, DiffusionLossKernelCalls.SCALE);
    return scales;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void meanSquaredErrorAgreesWithLibtorch(RowsShape dense) {
    for (RowsShape s : List.of(dense, halves(dense))) {
      RandomData data = RandomData.of("squares libtorch", s);
      KernelCall forward = DiffusionLossKernelCalls.meanSquaredErrorForward(data, s);
      float[] values = forward.floats("prediction");
      KernelCall backward =
          DiffusionLossKernelCalls.meanSquaredErrorBackward(data, s)
              .with("prediction", values)
              .with("target", forward.floats("target"));
      Libtorch.scoped(
          () -> {
            var all = Libtorch.variable(values, values.length);
            var prediction =
                torch.as_strided(
                    all, new long[] {s.rows(), s.columns()}, new long[] {s.stride(), 1});
            var target = Libtorch.constant(forward.floats("target"), s.rows(), s.columns());
            var losses = torch.mse_loss(prediction, target, 0).mean(1);
            referenceGives(forward, "losses", Libtorch.values(losses), ROUNDING);
            Libtorch.backward(losses, scales(s));
            double[] expected = Libtorch.values(all.grad());
            float[] before = backward.floats("dPrediction");
            for (int i = 0; i < expected.length; i++) {
              boolean between = i % s.stride() >= s.columns();
              expected[i] = between ? before[i] : expected[i];
            }
            referenceGives(backward, "dPrediction", expected, ROUNDING);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void meanSquaredErrorAgreesWithTheReference(Candidate candidate, RowsShape dense) {
    for (RowsShape s : List.of(dense, halves(dense))) {
      RandomData data = RandomData.of("squares", s);
      KernelCall forward = DiffusionLossKernelCalls.meanSquaredErrorForward(data, s);
      KernelCall backward = DiffusionLossKernelCalls.meanSquaredErrorBackward(data, s);
      KernelCheck.check(forward, candidate, BOUND);
      KernelCheck.check(backward, candidate, BOUND);
      KernelCheck.check(NonFinite.in(forward, "prediction", data), candidate, BOUND);
      KernelCheck.check(NonFinite.in(backward, "target", data), candidate, BOUND);
    }
  }

  @Test
  void meanSquaredErrorAgreesWithFiniteDifferences() {
    RowsShape s = RowsShape.dense(3, 5);
    RandomData data = RandomData.of("squares differences");
    KernelCall forward = DiffusionLossKernelCalls.meanSquaredErrorForward(data, s);
    KernelCall backward =
        DiffusionLossKernelCalls.meanSquaredErrorBackward(data, s)
            .with("prediction", forward.floats("prediction"))
            .with("target", forward.floats("target"));
    referenceGives(
        backward,
        "dPrediction",
        FiniteDifferences.gradient(forward, "prediction", "losses", scales(s)),
        DIFFERENCES);
  }

  private static Tensor minus(Tensor a, Tensor b) {
    return a.add(b.neg());
  }

  private static Tensor plus(Tensor a, double b) {
    return a.add(new Scalar(b));
  }

  private static Tensor times(Tensor a, double b) {
    return a.mul(new Scalar(b));
  }

  /** The losses, as the published code has them ({@code _vb_terms_bpd}, {@code LEARNED_RANGE}). */
  private static Tensor published(
      Tensor prediction, Tensor clean, Tensor noisy, Tensor coefficients) {
    Tensor epsilon = prediction.select(1, 0).detach();
    Tensor v = prediction.select(1, 1);
    Tensor[] k = new Tensor[LossKernels.BOUND_COEFFICIENTS];
    Arrays.setAll(k, i -> coefficients.select(1, i).unsqueeze(1));
    Tensor share = times(plus(v, 1), 0.5);
    Tensor logVariance = minus(share.mul(k[5]), plus(share, -1).mul(k[4]));
    Tensor predicted = minus(k[0].mul(noisy), k[1].mul(epsilon));
    Tensor mean = k[2].mul(predicted).add(k[3].mul(noisy));
    Tensor trueMean = k[2].mul(clean).add(k[3].mul(noisy));
    Tensor apart = minus(trueMean, mean);
    Tensor divergence =
        plus(minus(logVariance, k[4]), -1)
            .add(minus(k[4], logVariance).exp())
            .add(apart.mul(apart).mul(logVariance.neg().exp()));
    Tensor likelihood = logLikelihood(clean, mean, times(logVariance, 0.5));
    Tensor nats = torch.where(k[6].eq(new Scalar(1.0)), likelihood.neg(), times(divergence, 0.5));
    return times(nats.mean(1), 1 / Math.log(2));
  }

  /** {@code discretized_gaussian_log_likelihood}. */
  private static Tensor logLikelihood(Tensor x, Tensor means, Tensor logScales) {
    Tensor centred = minus(x, means);
    Tensor inverse = logScales.neg().exp();
    Tensor above = cumulative(inverse.mul(plus(centred, 1 / 255.0)));
    Tensor below = cumulative(inverse.mul(plus(centred, -1 / 255.0)));
    Tensor inside = logOfAtLeast(minus(above, below));
    Tensor high = logOfAtLeast(plus(below.neg(), 1));
    return torch.where(
        x.lt(new Scalar(-0.999)),
        logOfAtLeast(above),
        torch.where(x.gt(new Scalar(0.999)), high, inside));
  }

  private static Tensor cumulative(Tensor z) {
    Tensor cubed = times(z.mul(z).mul(z), 0.044715);
    return times(plus(times(z.add(cubed), Math.sqrt(2 / Math.PI)).tanh(), 1), 0.5);
  }

  private static Tensor logOfAtLeast(Tensor x) {
    return torch.clamp_min(x, new Scalar(1e-12)).log();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void theBoundAgreesWithLibtorch(RowsShape s) {
    RandomData data = RandomData.of("bound libtorch", s);
    theBoundAgreesWithLibtorch(DiffusionLossKernelCalls.variationalBoundForward(data, s), s);
    theBoundAgreesWithLibtorch(surprised(data, s), s);
  }

  private static void theBoundAgreesWithLibtorch(KernelCall forward, RowsShape s) {
    KernelCall backward = backwardOf(forward, s);
    Libtorch.scoped(
        () -> {
          var prediction =
              Libtorch.variable(forward.floats("prediction"), s.rows(), 2, s.columns());
          var losses =
              published(
                  prediction,
                  Libtorch.constant(forward.floats("clean"), s.rows(), s.columns()),
                  Libtorch.constant(forward.floats("noisy"), s.rows(), s.columns()),
                  Libtorch.constant(
                      forward.floats("coefficients"), s.rows(), LossKernels.BOUND_COEFFICIENTS));
          referenceGives(forward, "losses", Libtorch.values(losses), CANCELLED);
          Libtorch.backward(losses, scales(s));
          double[] expected = Libtorch.values(prediction.grad());
          double[] before = Closeness.widen(backward.floats("dPrediction"));
          int columns = (int) s.columns();
          for (int b = 0; b < s.rows(); b++) {
            System.arraycopy(before, 2 * b * columns, expected, 2 * b * columns, columns);
          }
          referenceGives(backward, "dPrediction", expected, CANCELLED);
        });
  }

  @Test
  void aBoundNearZeroAgreesWithLibtorch() {
    RowsShape s = RowsShape.dense(6, 257);
    RandomData data = RandomData.of("right libtorch");
    theBoundAgreesWithLibtorch(
        DiffusionLossKernelCalls.variationalBoundOfTheRightModel(data, s), s);
  }

  /** Nothing but the gradient, so that a bound is one on that. */
  private static KernelCall backwardOf(KernelCall forward, RowsShape s) {
    KernelCall backward =
        DiffusionLossKernelCalls.variationalBoundBackward(RandomData.of("bound backward", s), s)
            .with("dPrediction", new float[(int) (2 * s.rows() * s.columns())]);
    for (String argument : List.of("prediction", "clean", "noisy", "coefficients")) {
      backward = backward.with(argument, forward.floats(argument));
    }
    return backward;
  }

  /** What lies so far from the prediction now and then that its probability counts as 1e-12. */
  private static KernelCall surprised(RandomData data, RowsShape s) {
    KernelCall call = DiffusionLossKernelCalls.variationalBoundForward(data, s);
    float[] prediction = call.floats("prediction");
    for (int i = 0; i < prediction.length; i++) {
      boolean epsilon = i / s.columns() % 2 == 0;
      prediction[i] += epsilon && data.below(3) == 0 ? 40 : 0;
    }
    return call.with("prediction", prediction);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void theBoundAgreesWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("bound", s);
    KernelCall usual = DiffusionLossKernelCalls.variationalBoundForward(data, s);
    for (KernelCall forward : List.of(usual, surprised(data, s))) {
      KernelCheck.check(forward, candidate, BOUND);
      KernelCheck.check(backwardOf(forward, s), candidate, BOUND);
    }
    KernelCheck.check(DiffusionLossKernelCalls.variationalBoundBackward(data, s), candidate, BOUND);
  }

  /** Of many numbers: that of one may be as near 0 as it likes. */
  @ParameterizedTest
  @ValueSource(longs = {257, 4096})
  void aBoundNearZeroKeepsItsDigits(long columns) {
    RowsShape s = RowsShape.dense(6, columns);
    RandomData data = RandomData.of("right", s);
    KernelCall right = DiffusionLossKernelCalls.variationalBoundOfTheRightModel(data, s);
    for (Candidate candidate : Candidate.all()) {
      KernelCheck.check(right, candidate, BOUND);
      KernelCheck.check(backwardOf(right, s), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("bound non-finite", s);
    KernelCall forward = DiffusionLossKernelCalls.variationalBoundForward(data, s);
    for (String argument : List.of("prediction", "clean", "noisy")) {
      KernelCall strange = NonFinite.with(forward, argument, data, Float.NaN);
      KernelCheck.check(strange, candidate, BOUND);
      KernelCheck.check(backwardOf(strange, s), candidate, BOUND);
    }
  }
}
