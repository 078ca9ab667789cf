package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.SAVED_ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest {
  private static final double BOUND = 1e-5;

  /** Scores of some hundreds carry an error of their own size times 2⁻²⁴ into the exponent. */
  private static final double LARGE_SCORES_BOUND = 1e-3;

  static List<AttentionShape> shapes() {
    return List.of(
        new AttentionShape(3, 1, 4, 8), // one score alone may cancel
        new AttentionShape(2, 2, 3, 16),
        new AttentionShape(1, 63, 2, 64),
        new AttentionShape(2, 65, 1, 72),
        new AttentionShape(1, 197, 3, 64),
        new AttentionShape(1, 77, 1, 160),
        new AttentionShape(3, 130, 1, 40));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(AttentionShape s) {
    RandomData data = RandomData.of("attention libtorch", s);
    KernelCall forward = KernelCalls.attentionForward(data, s);
    KernelCall backward = KernelCalls.attentionBackward(data, forward, s);
    Libtorch.scoped(
        () -> {
          var qkv =
              Libtorch.variable(
                  forward.floats("qkv"), s.batch(), s.tokens(), 3, s.heads(), s.headDim());
          var q = qkv.select(2, 0).permute(0, 2, 1, 3);
          var k = qkv.select(2, 1).permute(0, 2, 1, 3);
          var v = qkv.select(2, 2).permute(0, 2, 1, 3);
          var out = torch.scaled_dot_product_attention(q, k, v).permute(0, 2, 1, 3);
          referenceGives(forward, "out", Libtorch.values(out), ROUNDING);

          var scores = q.matmul(k.transpose(2, 3)).mul(new Scalar(1 / Math.sqrt(s.headDim())));
          var logSumExp = torch.logsumexp(scores, -1);
          referenceGives(forward, "logSumExp", Libtorch.values(logSumExp), ROUNDING);

          Libtorch.backward(out, backward.floats("dOut"));
          referenceGives(backward, "dQkv", Libtorch.values(qkv.grad()), SAVED_ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, AttentionShape s) {
    RandomData data = RandomData.of("attention", s);
    KernelCall forward = KernelCalls.attentionForward(data, s);
    KernelCheck.check(forward, candidate, BOUND);
    KernelCheck.check(KernelCalls.attentionBackward(data, forward, s), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void largeScoresDoNotOverflow(Candidate candidate, AttentionShape s) {
    RandomData data = RandomData.of("attention large", s);
    KernelCall small = KernelCalls.attentionForward(data, s);
    float[] qkv = small.floats("qkv");
    for (int i = 0; i < qkv.length; i++) {
      qkv[i] *= 10;
    }
    KernelCall forward = small.with("qkv", qkv);
    KernelCheck.check(forward, candidate, LARGE_SCORES_BOUND);
    KernelCheck.check(
        KernelCalls.attentionBackward(data, forward, s), candidate, LARGE_SCORES_BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, AttentionShape s) {
    RandomData data = RandomData.of("attention non-finite", s);
    KernelCall forward = KernelCalls.attentionForward(data, s);
    KernelCall nan = NonFinite.with(forward, "qkv", data, Float.NaN);
    KernelCheck.check(nan, candidate, BOUND);
    KernelCheck.check(KernelCalls.attentionBackward(data, nan, s), candidate, BOUND);
    float[] infinite = forward.floats("qkv");
    int value = (int) (2 * s.width() + data.below((int) s.width()));
    infinite[value] = Float.POSITIVE_INFINITY;
    KernelCheck.check(forward.with("qkv", infinite), candidate, BOUND);
    KernelCheck.check(
        NonFinite.in(KernelCalls.attentionBackward(data, forward, s), "dOut", data),
        candidate,
        BOUND);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    AttentionShape s = new AttentionShape(2, 3, 2, 8);
    RandomData data = RandomData.of("attention differences");
    KernelCall forward = KernelCalls.attentionForward(data, s);
    KernelCall backward = KernelCalls.attentionBackward(data, forward, s);
    referenceGives(
        backward,
        "dQkv",
        FiniteDifferences.gradient(forward, "qkv", "out", backward.floats("dOut")),
        DIFFERENCES);
  }
}
