package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GrowthTest {
  private static final double EXACT = 0;

  static List<Integer> sizes() {
    return List.of(2, 3, 63, 65, 10_007);
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(sizes());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void referenceAgreesWithLibtorch(int n) {
    KernelCall call = OptimizerKernelCalls.copySegments(RandomData.of("growth libtorch", n), n);
    int half = n / 2;
    Libtorch.scoped(
        () -> {
          var from = Libtorch.constant(call.floats("from"), n);
          var to = Libtorch.constant(call.floats("to"), n + 1);
          to.narrow(0, n + 1 - half, half).copy_(from.narrow(0, 0, half));
          to.narrow(0, 0, n - half).copy_(from.narrow(0, half, n - half));
          referenceGives(call, "to", Libtorch.values(to), EXACT);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("growth", n);
    KernelCall call = OptimizerKernelCalls.copySegments(data, n);
    KernelCheck.check(call, candidate, EXACT);
    KernelCheck.check(NonFinite.in(call, "from", data), candidate, EXACT);
  }

  @Test
  void noSegmentsCopyNothing() {
    Segments none = new Segments(new long[0], new long[0], new long[0]);
    RandomData data = RandomData.of("nothing");
    KernelCall call =
        new KernelCall("copySegments")
            .input("from", data.gaussian(3))
            .updated("to", data.gaussian(3))
            .body((k, t) -> k.copySegments(none, t.get("from"), t.get("to")));
    for (Candidate candidate : Candidate.all()) {
      KernelCheck.check(call, candidate, EXACT);
    }
  }

  /** As a network grows: one stored block may become several, in flat buffers of their own. */
  @ParameterizedTest
  @MethodSource("candidates")
  void onePieceMayBeCopiedToSeveralPlaces(Candidate candidate, int n) {
    Segments twice =
        new Segments(new long[] {0, 0, 1}, new long[] {0, n, 2L * n}, new long[] {n, n, n - 1});
    RandomData data = RandomData.of("twice", n);
    KernelCall call =
        new KernelCall("copySegments")
            .input("from", data.gaussian(n))
            .updated("to", data.gaussian(3L * n))
            .body((k, t) -> k.copySegments(twice, t.get("from"), t.get("to")));
    KernelCheck.check(call, candidate, EXACT);
  }
}
