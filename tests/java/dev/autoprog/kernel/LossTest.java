package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.SAVED_ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Session;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.GuardedTensors;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
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
      agreesWithLibtorch(LossKernelCalls.crossEntropyForward(data, s, smoothing), s, smoothing);
      agreesWithLibtorch(LossKernelCalls.mixedForward(data, s, smoothing), s, smoothing);
    }
  }

  /** Mixed with itself, or with a share of 1, a class is as it is without a partner. */
  @ParameterizedTest
  @MethodSource("candidates")
  void whatIsMixedOfOneClassIsThatClass(Candidate candidate, RowsShape s) {
    KernelCall mixed = LossKernelCalls.mixedForward(RandomData.of("one class", s), s, SMOOTHING);
    float[] ones = new float[(int) s.rows()];
    Arrays.fill(ones, 1);
    var plain = LossKernelCalls.crossEntropyForward(RandomData.of("one class", s), s, SMOOTHING);
    try (Session session = candidate.open()) {
      for (KernelCall call :
          List.of(mixed.with("partners", mixed.integers("labels")), mixed.with("lambda", ones))) {
        sameBits(session, call, plain, "losses");
        sameBits(
            session,
            LossKernelCalls.crossEntropyBackward(call, s, SMOOTHING, 0.5f),
            LossKernelCalls.crossEntropyBackward(plain, s, SMOOTHING, 0.5f),
            "dLogits");
      }
    }
  }

  private static void sameBits(Session session, KernelCall a, KernelCall b, String output) {
    try (GuardedTensors first = new GuardedTensors(session.device(), a, 0, null);
        GuardedTensors second = new GuardedTensors(session.device(), b, 0, null)) {
      a.run(session.kernels(), first);
      b.run(session.kernels(), second);
      Closeness.assertSameBits(output, first.results().get(output), second.results().get(output));
    }
  }

  /** The logit of a class that is excluded, −∞, costs nothing if its share is 0. */
  @ParameterizedTest
  @MethodSource("candidates")
  void aPartnerWithoutAShareCostsNothing(Candidate candidate, RowsShape s) {
    if (s.columns() > 1) {
      KernelCall call = LossKernelCalls.mixedForward(RandomData.of("no share", s), s, 0);
      int[] labels = call.integers("labels");
      int[] partners = new int[labels.length];
      float[] logits = call.floats("logits");
      float[] ones = new float[labels.length];
      for (int b = 0; b < labels.length; b++) {
        partners[b] = (int) ((labels[b] + 1) % s.columns());
        logits[(int) (b * s.columns()) + partners[b]] = Float.NEGATIVE_INFINITY;
        ones[b] = 1;
      }
      KernelCall whole = call.with("logits", logits).with("lambda", ones);
      KernelCall own = whole.with("partners", partners);
      KernelCall other =
          own.with("labels", partners)
              .with("partners", labels)
              .with("lambda", new float[labels.length]);
      for (KernelCall excluded : List.of(own, other)) {
        for (float loss : excluded.onReference().get("losses")) {
          assertThat(loss).isFinite();
        }
        checkBoth(excluded, s, 0, candidate);
      }
    }
  }

  /** Excluded classes have the logit −∞; without smoothing they cost nothing. */
  @Test
  void anExcludedClassCostsNothingAsInLibtorch() {
    RowsShape s = RowsShape.dense(3, 10);
    KernelCall call = LossKernelCalls.crossEntropyForward(RandomData.of("excluded"), s, 0);
    KernelCall excluded = excluded(call, s);
    agreesWithLibtorch(excluded, s, 0);
    for (float loss : excluded.onReference().get("losses")) {
      assertThat(loss).isFinite();
    }
    for (Candidate candidate : Candidate.all()) {
      KernelCheck.check(excluded, candidate, BOUND);
      KernelCheck.check(
          LossKernelCalls.crossEntropyBackward(excluded, s, 0, 0.5f), candidate, BOUND);
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
    KernelCall backward = LossKernelCalls.crossEntropyBackward(forward, s, smoothing, scale);
    long noReduction = 0;
    Libtorch.scoped(
        () -> {
          var logits = Libtorch.variable(forward.floats("logits"), s.rows(), s.columns());
          Tensor losses =
              torch.cross_entropy_loss(
                  logits, target(forward, s), new TensorOptional(), noReduction, -100, smoothing);
          referenceGives(forward, "losses", Libtorch.values(losses), ROUNDING);
          referenceGives(
              forward, "logSumExp", Libtorch.values(torch.logsumexp(logits, -1)), ROUNDING);
          float[] scales = new float[(int) s.rows()];
          Arrays.fill(scales, scale);
          Libtorch.backward(losses, scales);
          referenceGives(backward, "dLogits", Libtorch.values(logits.grad()), SAVED_ROUNDING);
        });
  }

  /** Class ids, or for mixed samples each class's probability. */
  private static Tensor target(KernelCall forward, RowsShape s) {
    Tensor labels = Libtorch.labels(forward.integers("labels"));
    if (!LossKernelCalls.isMixed(forward)) {
      return labels;
    }
    Tensor partners = Libtorch.labels(forward.integers("partners"));
    Tensor lambda = Libtorch.constant(forward.floats("lambda"), s.rows(), 1);
    Tensor rest = lambda.neg().add(new Scalar(1.0));
    return torch
        .one_hot(labels, s.columns())
        .mul(lambda)
        .add(torch.one_hot(partners, s.columns()).mul(rest));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("loss", s);
    for (float smoothing : new float[] {0, SMOOTHING}) {
      checkBoth(LossKernelCalls.crossEntropyForward(data, s, smoothing), s, smoothing, candidate);
      checkBoth(LossKernelCalls.mixedForward(data, s, smoothing), s, smoothing, candidate);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void largeLogitsDoNotOverflow(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("loss large", s);
    KernelCall call = LossKernelCalls.crossEntropyForward(data, s, SMOOTHING);
    float[] logits = data.uniform(s.rows() * s.columns(), -300, 300);
    KernelCheck.check(call.with("logits", logits), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, RowsShape s) {
    RandomData data = RandomData.of("loss non-finite", s);
    KernelCall forward = LossKernelCalls.crossEntropyForward(data, s, SMOOTHING);
    checkBoth(NonFinite.with(forward, "logits", data, Float.NaN), s, SMOOTHING, candidate);
    checkBoth(
        NonFinite.with(forward, "logits", data, Float.POSITIVE_INFINITY), s, SMOOTHING, candidate);
  }

  private static void checkBoth(
      KernelCall forward, RowsShape s, float smoothing, Candidate candidate) {
    KernelCheck.check(forward, candidate, BOUND);
    KernelCheck.check(
        LossKernelCalls.crossEntropyBackward(forward, s, smoothing, 1f / s.rows()),
        candidate,
        BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aLabelThatIsNoClassGivesNoNumber(Candidate candidate, RowsShape s) {
    KernelCall call = LossKernelCalls.mixedForward(RandomData.of("labels", s), s, SMOOTHING);
    for (String argument : List.of("labels", "partners")) {
      for (int wrong : new int[] {-1, (int) s.columns(), Integer.MIN_VALUE, Integer.MAX_VALUE}) {
        int[] classes = call.integers(argument);
        classes[classes.length - 1] = wrong;
        KernelCall bad = call.with(argument, classes);
        assertThat(bad.onReference().get("losses")[classes.length - 1]).isNaN();
        checkBoth(bad, s, SMOOTHING, candidate);
      }
    }
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    RowsShape s = RowsShape.dense(3, 5);
    RandomData data = RandomData.of("loss differences");
    agreesWithFiniteDifferences(LossKernelCalls.crossEntropyForward(data, s, SMOOTHING), s);
    agreesWithFiniteDifferences(LossKernelCalls.mixedForward(data, s, SMOOTHING), s);
  }

  private static void agreesWithFiniteDifferences(KernelCall forward, RowsShape s) {
    KernelCall backward = LossKernelCalls.crossEntropyBackward(forward, s, SMOOTHING, 1);
    referenceGives(
        backward,
        "dLogits",
        FiniteDifferences.gradient(forward, "logits", "losses", new float[] {1, 1, 1}),
        DIFFERENCES);
  }
}
