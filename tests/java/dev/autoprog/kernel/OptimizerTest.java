package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerTest {
  private static final double BOUND = 1e-5;

  /** Of sumOfSquares, which accumulates in float64. */
  private static final double SUM_BOUND = 1e-6;

  /** Five updates, each rounded to float32, against libtorch's in float64. */
  private static final double FIVE_ROUNDINGS = 1e-6;

  static List<Integer> sizes() {
    return List.of(1, 2, 63, 65, 197, 100_003);
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(sizes());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void sumOfSquaresAgreesWithLibtorch(int n) {
    KernelCall call = OptimizerKernelCalls.sumOfSquares(RandomData.of("squares libtorch", n), n);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.constant(call.floats("x"), n);
          referenceAdds(call, "sum", Libtorch.values(x.square().sum()), ROUNDING);
        });
  }

  /** Gradients are clipped in some of the steps only, and every step's average is checked. */
  @ParameterizedTest
  @MethodSource("sizes")
  void adamWAgreesWithLibtorchOverSeveralSteps(int n) {
    RandomData data = RandomData.of("adamw libtorch", n);
    float maxNorm = (float) Math.sqrt(n);
    Libtorch.scoped(
        () -> {
          KernelCall call =
              OptimizerKernelCalls.adamW(data, n, OptimizerKernelCalls.clippedAt(maxNorm), 1, 4);
          Tensor w = Libtorch.variable(call.floats("w"), n);
          var parameters = new TensorVector(w);
          AdamWConstants numbers = OptimizerKernelCalls.clippedAt(maxNorm);
          var options = new AdamWOptions(OptimizerKernelCalls.LEARNING_RATE);
          // a pointer to a std::tuple, which libstdc++ lays out from its last element to its first
          options.betas().put(numbers.beta2(), numbers.beta1());
          options.eps().put(numbers.epsilon());
          options.weight_decay().put(numbers.weightDecay());
          var optimizer = new AdamW(parameters, options);

          call = call.with("m", new float[n]).with("v", new float[n]);
          for (int step = 1; step <= 5; step++) {
            float[] g = scaled(data.gaussian(n), step % 2 == 0 ? 3 : 0.3f);
            KernelCall next =
                OptimizerKernelCalls.adamW(
                        data, n, OptimizerKernelCalls.clippedAt(maxNorm), step, 4)
                    .with("g", g)
                    .with("squaredNorm", new float[] {squaredNorm(g)});
            for (String state :
                List.of("w", "m", "v", "emas[0]", "emas[1]", "emas[2]", "emas[3]")) {
              next = next.with(state, call.floats(state));
            }
            Map<String, float[]> result = next.onReference();

            optimizer.zero_grad();
            Libtorch.backward(w, g);
            torch.clip_grad_norm_(parameters, maxNorm);
            optimizer.step();
            Closeness.assertClose(
                "w after step " + step, result.get("w"), Libtorch.values(w), FIVE_ROUNDINGS);
            assertAverage(next, result, 0, 0.998f);
            assertAverage(next, result, 3, 0.9996f);
            call = next;
            for (Map.Entry<String, float[]> state : result.entrySet()) {
              call = call.with(state.getKey(), state.getValue());
            }
          }
        });
  }

  private static void assertAverage(
      KernelCall call, Map<String, float[]> result, int index, float decay) {
    String name = "emas[" + index + "]";
    double[] expected = Closeness.widen(call.floats(name));
    for (int i = 0; i < expected.length; i++) {
      expected[i] = decay * expected[i] + (1.0 - decay) * result.get("w")[i];
    }
    Closeness.assertClose(name, result.get(name), expected, ROUNDING);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void sumOfSquaresAgreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("squares", n);
    KernelCall call = OptimizerKernelCalls.sumOfSquares(data, n);
    KernelCheck.check(call, candidate, SUM_BOUND);
    KernelCheck.check(NonFinite.in(call, "x", data), candidate, SUM_BOUND);
    KernelCheck.check(NonFinite.with(call, "sum", data, Float.NaN), candidate, SUM_BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void adamWAgreesWithTheReference(Candidate candidate, int n) {
    RandomData data = RandomData.of("adamw", n);
    for (int averages = 0; averages <= OptimizerKernels.MAX_EMAS; averages++) {
      AdamWConstants constants = OptimizerKernelCalls.clippedAt(averages + 1);
      long step = 1 + 100L * averages * averages;
      KernelCheck.check(
          OptimizerKernelCalls.adamW(data, n, constants, step, averages), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, int n) {
    RandomData data = RandomData.of("adamw non-finite", n);
    KernelCall call = OptimizerKernelCalls.adamW(data, n, OptimizerKernelCalls.clippedAt(1), 3, 1);
    for (String argument : List.of("g", "w", "m", "emas[0]")) {
      KernelCheck.check(NonFinite.in(call, argument, data), candidate, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void aNormThatIsNotFiniteLeavesEverythingAsItWas(Candidate candidate, int n) {
    RandomData data = RandomData.of("adamw without a norm", n);
    for (float maxNorm : new float[] {1, Float.POSITIVE_INFINITY}) {
      KernelCall call =
          OptimizerKernelCalls.adamW(data, n, OptimizerKernelCalls.clippedAt(maxNorm), 3, 1);
      for (float norm : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        KernelCall other = call.with("squaredNorm", new float[] {norm});
        for (String state : List.of("w", "m", "v", "emas[0]")) {
          Closeness.assertSameBits(state, other.onReference().get(state), call.floats(state));
        }
        KernelCheck.check(other, candidate, 0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void anInfiniteMaxNormNeverClips(Candidate candidate, int n) {
    RandomData data = RandomData.of("adamw unclipped", n);
    KernelCall call =
        OptimizerKernelCalls.adamW(
            data, n, OptimizerKernelCalls.clippedAt(Float.POSITIVE_INFINITY), 2, 0);
    float[] expected = call.onReference().get("w");
    for (float norm : new float[] {0, 1e30f}) {
      KernelCall other = call.with("squaredNorm", new float[] {norm});
      Closeness.assertSameBits("w", other.onReference().get("w"), expected);
      KernelCheck.check(other, candidate, BOUND);
    }
  }

  /** The clipping of libtorch is 1/(norm + 1e-6), and none at all where the norm is small. */
  @Test
  void clippingAgreesWithLibtorch() {
    RandomData data = RandomData.of("clip");
    float[] g = data.gaussian(65);
    for (float maxNorm : new float[] {0.01f, 1, 100}) {
      AdamWConstants onlyMoments = new AdamWConstants(0, 0, 1, 0, maxNorm);
      KernelCall call =
          OptimizerKernelCalls.adamW(data, 65, onlyMoments, 1, 0)
              .with("g", g)
              .with("squaredNorm", new float[] {squaredNorm(g)});
      Libtorch.scoped(
          () -> {
            var w = Libtorch.variable(call.floats("w"), 65);
            Libtorch.backward(w, g);
            torch.clip_grad_norm_(w, maxNorm);
            referenceGives(call, "m", Libtorch.values(w.grad()), 2 * ROUNDING);
          });
    }
  }

  private static float[] scaled(float[] values, float factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    return values;
  }

  private static float squaredNorm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return (float) sum;
  }
}
