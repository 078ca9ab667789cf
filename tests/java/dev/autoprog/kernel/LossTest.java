package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.SAVED_ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;
import static org.assertj.core.api.Assertions.assertThat;

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
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LossTest {
  private static final double BOUND = 1e-5;
  private static final float SMOOTHING = 0.1f;

  static List<RowsShape> shapes() {
    return List.of(
        RowsShape.dense(7, 2),
        RowsShape.dense(5, 10),
        RowsShape.dense(63, 65),
        RowsShape.dense(2, 1000),
        RowsShape.dense(197, 1));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(RowsShape s) {
    RandomData data = RandomData.of("loss libtorch", s);
    for (float smoothing : new float[] {0, SMOOTHING}) {
      agreesWithLibtorch(KernelCalls.crossEntropyForward(data, s, smoothing), s, smoothing);
    }
  }

  /** Excluded classes have the logit −∞; without smoothing they cost nothing. */
  @Test
  void anExcludedClassCostsNothing() {
    RowsShape s = RowsShape.dense(3, 10);
    KernelCall call = KernelCalls.crossEntropyForward(RandomData.of("excluded"), s, 0);
    KernelCall excluded = excluded(call, s);
    agreesWithLibtorch(excluded, s, 0);
    for (float loss : excluded.onReference().get("losses")) {
      assertThat(loss).isFinite();
    }
    for (Candidate candidate : Candidate.all()) {
      KernelCheck.check(excluded, candidate, BOUND);
      KernelCheck.check(KernelCalls.crossEntropyBackward(excluded, s, 0, 0.5f), candidate, BOUND);
    }
  }

  private static KernelCall excluded(KernelCall call, RowsShape s) {
    float[] logits = call.floats("logits");
    int[] labels = call.integers("labels");
    for (int b = 0; b < s.rows(); b++) {
      logits[(int) (b * s.columns() + (labels[b] + 1) % s.columns())] = Float.NEGATIVE_INFINITY;
    }
    return call.with("logits", logits);
  }

  private static void agreesWithLibtorch(KernelCall forward, RowsShape s, float smoothing) {
    float scale = 0.37f;
    KernelCall backward = KernelCalls.crossEntropyBackward(forward, s, smoothing, scale);
    long noReduction = 0;
    Libtorch.scoped(
        () -> {
          var logits = Libtorch.variable(forward.floats("logits"), s.rows(), s.columns());
          Tensor losses =
              torch.cross_entropy_loss(
                  logits,
                  Libtorch.labels(forward.integers("labels")),
                  new TensorOptional(),
                  noReduction,
                  -100,
                  smoothing);
          referenceGives(forward, "losses", Libtorch.values(losses), ROUNDING);
          referenceGives(
              forward, "logSumExp", Libtorch.values(torch.logsumexp(logits, -1)), ROUNDING);
          float[] scales = new float[(int) s.rows()];
          Arrays.fill(scales, scale);
          Libtorch.backward(losses, scales);
          referenceGives(backward, "dLogits", Libtorch.values(logits.grad()), SAVED_ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("loss", s);
    for (float smoothing : new float[] {0, SMOOTHING}) {
      checkBoth(KernelCalls.crossEntropyForward(data, s, smoothing), s, smoothing, candidate);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void largeLogitsDoNotOverflow(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("loss large", s);
    KernelCall call = KernelCalls.crossEntropyForward(data, s, SMOOTHING);
    float[] logits = data.uniform(s.rows() * s.columns(), -300, 300);
    KernelCheck.check(call.with("logits", logits), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("loss non-finite", s);
    KernelCall forward = KernelCalls.crossEntropyForward(data, s, SMOOTHING);
    checkBoth(NonFinite.with(forward, "logits", data, Float.NaN), s, SMOOTHING, candidate);
    checkBoth(
        NonFinite.with(forward, "logits", data, Float.POSITIVE_INFINITY), s, SMOOTHING, candidate);
  }

  private static void checkBoth(
      KernelCall forward, RowsShape s, float smoothing, Candidate candidate) {
    KernelCheck.check(forward, candidate, BOUND);
    KernelCheck.check(
        KernelCalls.crossEntropyBackward(forward, s, smoothing, 1f / s.rows()), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aLabelThatIsNoClassGivesNoNumber(Candidate candidate, RowsShape s) {
    KernelCall call = KernelCalls.crossEntropyForward(RandomData.of("labels", s), s, SMOOTHING);
    for (int wrong : new int[] {-1, (int) s.columns(), Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      int[] labels = call.integers("labels");
      labels[labels.length - 1] = wrong;
      KernelCall bad = call.with("labels", labels);
      assertThat(bad.onReference().get("losses")[labels.length - 1]).isNaN();
      KernelCheck.check(bad, candidate, BOUND);
    }
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    RowsShape s = RowsShape.dense(3, 5);
    KernelCall forward =
        KernelCalls.crossEntropyForward(RandomData.of("loss differences"), s, SMOOTHING);
    KernelCall backward = KernelCalls.crossEntropyBackward(forward, s, SMOOTHING, 1);
    referenceGives(
        backward,
        "dLogits",
        FiniteDifferences.gradient(forward, "logits", "losses", new float[] {1, 1, 1}),
        DIFFERENCES);
  }
}
