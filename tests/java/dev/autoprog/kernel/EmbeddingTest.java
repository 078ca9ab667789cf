package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EmbeddingTest {
  private static final double BOUND = 1e-5;
  private static final double OF_TIMES = 1e-6;
  private static final double EXACT = 0;

  static List<EmbeddingShape> shapes() {
    return List.of(
        new EmbeddingShape(1, 1, 1),
        new EmbeddingShape(7, 1001, 63),
        new EmbeddingShape(197, 3, 65),
        new EmbeddingShape(65, 11, 384),
        new EmbeddingShape(2, 5, 1153),
        new EmbeddingShape(300, 10, 8));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(EmbeddingShape s) {
    RandomData data = RandomData.of("embedding libtorch", s);
    KernelCall forward = ConditioningKernelCalls.embeddingForward(data, s);
    KernelCall backward =
        ConditioningKernelCalls.embeddingBackward(data, s)
            .with("indices", forward.integers("indices"));
    Libtorch.scoped(
        () -> {
          var table = Libtorch.variable(forward.floats("table"), s.rows(), s.width());
          var y = torch.embedding(table, Libtorch.labels(forward.integers("indices")));
          referenceGives(forward, "y", Libtorch.values(y), EXACT);
          Libtorch.backward(y, backward.floats("dy"));
          referenceAdds(backward, "dTable", Libtorch.values(table.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, EmbeddingShape s) {
    RandomData data = RandomData.of("embedding", s);
    KernelCall forward = ConditioningKernelCalls.embeddingForward(data, s);
    KernelCall backward = ConditioningKernelCalls.embeddingBackward(data, s);
    KernelCheck.check(forward, candidate, EXACT);
    KernelCheck.check(backward, candidate, BOUND);
    KernelCheck.check(NonFinite.in(forward, "table", data), candidate, EXACT);
    KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void equalIndicesAddUp(Candidate candidate, EmbeddingShape s) {
    KernelCall call = ConditioningKernelCalls.embeddingBackward(RandomData.of("equal", s), s);
    int[] last = new int[(int) s.count()];
    Arrays.fill(last, (int) s.rows() - 1);
    KernelCheck.check(call.with("indices", last), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void anIndexOutsideTheTableGivesNoNumberAndNoGradient(Candidate candidate, EmbeddingShape s) {
    RandomData data = RandomData.of("outside", s);
    KernelCall forward = ConditioningKernelCalls.embeddingForward(data, s);
    KernelCall backward = ConditioningKernelCalls.embeddingBackward(data, s);
    for (int wrong : new int[] {-1, (int) s.rows(), Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      int[] indices = forward.integers("indices");
      indices[indices.length - 1] = wrong;
      KernelCall bad = forward.with("indices", indices);
      float[] y = bad.onReference().get("y");
      assertThat(y[y.length - 1]).isNaN();
      KernelCheck.check(bad, candidate, EXACT);
      KernelCheck.check(backward.with("indices", indices), candidate, BOUND);
    }
  }

  /** How many timesteps, and how wide. */
  private record Times(long count, long width) {}

  static List<Times> times() {
    return List.of(new Times(1, 2), new Times(3, 5), new Times(65, 256), new Times(7, 67));
  }

  static Stream<Arguments> candidatesAndTimes() {
    return Candidate.times(times());
  }

  @ParameterizedTest
  @MethodSource("candidatesAndTimes")
  void timestepsAgreeWithTheReference(Candidate candidate, Times s) {
    RandomData data = RandomData.of("times", s);
    KernelCall call = ConditioningKernelCalls.timestepEmbedding(data, s.count(), s.width());
    KernelCheck.check(call, candidate, OF_TIMES);
    KernelCheck.check(NonFinite.in(call, "t", data), candidate, OF_TIMES);
  }

  /** As {@code timestep_embedding} of diffusion transformers has it. */
  @ParameterizedTest
  @MethodSource("times")
  void timestepsAgreeWithLibtorch(Times s) {
    KernelCall call =
        ConditioningKernelCalls.timestepEmbedding(
            RandomData.of("times libtorch"), s.count(), s.width());
    long half = s.width() / 2;
    Libtorch.scoped(
        () -> {
          float[] steps = new float[(int) half];
          for (int j = 0; j < half; j++) {
            steps[j] = j;
          }
          var frequencies =
              Libtorch.constant(steps, half).mul(new Scalar(-Math.log(10_000) / half)).exp();
          var angles = Libtorch.constant(call.floats("t"), s.count(), 1).mul(frequencies);
          TensorVector parts = new TensorVector(angles.cos(), angles.sin());
          if (s.width() % 2 == 1) {
            parts.push_back(Libtorch.constant(new float[(int) s.count()], s.count(), 1));
          }
          referenceGives(call, "y", Libtorch.values(torch.cat(parts, 1)), ROUNDING);
        });
  }
}
