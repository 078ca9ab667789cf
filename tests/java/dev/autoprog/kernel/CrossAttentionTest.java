package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.SAVED_ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Session;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.GuardedTensors;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CrossAttentionTest {
  private static final double BOUND = 1e-5;

  static List<CrossAttentionShape> shapes() {
    return List.of(
        new CrossAttentionShape(3, 1, 1, 4, 8), // several, since one score may cancel to nothing
        new CrossAttentionShape(2, 3, 1, 2, 16),
        new CrossAttentionShape(2, 1, 77, 3, 40),
        new CrossAttentionShape(2, 63, 2, 1, 72),
        new CrossAttentionShape(1, 256, 77, 2, 64),
        new CrossAttentionShape(2, 65, 77, 2, 80),
        new CrossAttentionShape(1, 49, 77, 1, 160),
        new CrossAttentionShape(1, 17, 600, 2, 32),
        new CrossAttentionShape(1, 300, 5, 1, 40));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(CrossAttentionShape s) {
    RandomData data = RandomData.of("cross attention libtorch", s);
    KernelCall forward = CrossAttentionKernelCalls.forward(data, s);
    KernelCall backward = CrossAttentionKernelCalls.backward(data, forward, s);
    Libtorch.scoped(
        () -> {
          var queries =
              Libtorch.variable(
                  forward.floats("q"), s.batch(), s.queries(), s.heads(), s.headDim());
          var kv =
              Libtorch.variable(
                  forward.floats("kv"), s.batch(), s.keys(), 2, s.heads(), s.headDim());
          var q = queries.permute(0, 2, 1, 3);
          var k = kv.select(2, 0).permute(0, 2, 1, 3);
          var v = kv.select(2, 1).permute(0, 2, 1, 3);
          var out = torch.scaled_dot_product_attention(q, k, v).permute(0, 2, 1, 3);
          referenceGives(forward, "out", Libtorch.values(out), ROUNDING);

          var scores = q.matmul(k.transpose(2, 3)).mul(new Scalar(1 / Math.sqrt(s.headDim())));
          var logSumExp = torch.logsumexp(scores, -1);
          referenceGives(forward, "logSumExp", Libtorch.values(logSumExp), ROUNDING);

          Libtorch.backward(out, backward.floats("dOut"));
          if (s.keys() > 1) {
            referenceGives(backward, "dQ", Libtorch.values(queries.grad()), SAVED_ROUNDING);
          } else {
            assertNegligible(backward.onReference().get("dQ"));
          }
          referenceGives(backward, "dKv", Libtorch.values(kv.grad()), SAVED_ROUNDING);
        });
  }

  /** The gradient by a query that has no choice is 0 but for the rounding of what was saved. */
  private static void assertNegligible(float[] dQ) {
    for (float value : dQ) {
      assertThat(value).isCloseTo(0f, within(1e-5f));
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, CrossAttentionShape s) {
    RandomData data = RandomData.of("cross attention", s);
    KernelCall forward = CrossAttentionKernelCalls.forward(data, s);
    KernelCheck.check(forward, candidate, BOUND);
    checkBackward(CrossAttentionKernelCalls.backward(data, forward, s), candidate, s);
  }

  /** Where there is one key, dQ is nothing but rounding, on both sides. */
  private static void checkBackward(KernelCall call, Candidate candidate, CrossAttentionShape s) {
    KernelCheck.check(call, candidate, BOUND, s.keys() == 1 ? new String[] {"dQ"} : new String[0]);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, CrossAttentionShape s) {
    RandomData data = RandomData.of("cross attention non-finite", s);
    KernelCall forward = CrossAttentionKernelCalls.forward(data, s);
    for (String argument : List.of("q", "kv")) {
      KernelCall nan = NonFinite.with(forward, argument, data, Float.NaN);
      KernelCheck.check(nan, candidate, BOUND);
      checkBackward(CrossAttentionKernelCalls.backward(data, nan, s), candidate, s);
    }
    float[] infinite = forward.floats("kv");
    infinite[(int) s.width() + data.below((int) s.width())] = Float.POSITIVE_INFINITY;
    KernelCheck.check(forward.with("kv", infinite), candidate, BOUND);
    KernelCall backward = CrossAttentionKernelCalls.backward(data, forward, s);
    checkBackward(NonFinite.in(backward, "dOut", data), candidate, s);
  }

  /** The same tokens on both sides are self attention: the same sums, and so the same bits. */
  @ParameterizedTest
  @MethodSource("everyCandidate")
  void agreesWithSelfAttentionBitByBit(Candidate candidate) {
    int tokens = 197;
    AttentionShape self = new AttentionShape(2, tokens, 3, 64);
    CrossAttentionShape cross = new CrossAttentionShape(2, tokens, tokens, 3, 64);
    int width = (int) self.width();
    KernelCall selfCall = KernelCalls.attentionForward(RandomData.of("self"), self);
    float[] qkv = selfCall.floats("qkv");
    KernelCall call =
        CrossAttentionKernelCalls.forward(RandomData.of("cross"), cross)
            .with("q", columns(qkv, 3 * width, 0, width))
            .with("kv", columns(qkv, 3 * width, width, 2 * width));
    for (String output : List.of("out", "logSumExp")) {
      Closeness.assertSameBits(
          output, results(call, candidate).get(output), results(selfCall, candidate).get(output));
    }
  }

  static Stream<Candidate> everyCandidate() {
    return Candidate.all().stream();
  }

  /** Of rows that are {@code row} long, {@code count} elements from {@code first} on. */
  private static float[] columns(float[] rows, int row, int first, int count) {
    float[] columns = new float[rows.length / row * count];
    for (int r = 0; r < rows.length / row; r++) {
      System.arraycopy(rows, r * row + first, columns, r * count, count);
    }
    return columns;
  }

  private static Map<String, float[]> results(KernelCall call, Candidate candidate) {
    try (Session session = candidate.open();
        GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      call.run(session.kernels(), tensors);
      return tensors.results();
    }
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    CrossAttentionShape s = new CrossAttentionShape(2, 3, 4, 2, 8);
    RandomData data = RandomData.of("cross attention differences");
    KernelCall forward = CrossAttentionKernelCalls.forward(data, s);
    KernelCall backward = CrossAttentionKernelCalls.backward(data, forward, s);
    float[] dOut = backward.floats("dOut");
    for (String input : List.of("q", "kv")) {
      referenceGives(
          backward,
          input.equals("q") ? "dQ" : "dKv",
          FiniteDifferences.gradient(forward, input, "out", dOut),
          DIFFERENCES);
    }
  }
}
