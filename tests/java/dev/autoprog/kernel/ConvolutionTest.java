package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.backend.Session;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchMaps;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConvolutionTest {
  private static final double BOUND = 1e-5;
  private static final double EXACT = 0;

  /** Cut by samples and by rows, with and without rows that no window sees. */
  static List<ConvolutionShape> shapes() {
    return List.of(
        new ConvolutionShape(4, 1, 1, 1, 1, 1, 1, 0), // one pixel alone may cancel its bias
        new ConvolutionShape(2, 5, 4, 3, 2, 3, 1, 1),
        new ConvolutionShape(1, 65, 2, 5, 7, 3, 1, 1),
        new ConvolutionShape(3, 8, 7, 4, 9, 3, 2, 1),
        new ConvolutionShape(2, 9, 8, 2, 3, 2, 3, 0),
        new ConvolutionShape(1, 18, 17, 3, 33, 4, 4, 0),
        new ConvolutionShape(1, 23, 19, 65, 3, 3, 2, 1),
        new ConvolutionShape(1, 40, 33, 16, 17, 3, 1, 1),
        new ConvolutionShape(1, 33, 12, 20, 16, 5, 2, 4),
        new ConvolutionShape(7, 6, 5, 63, 65, 1, 1, 0),
        new ConvolutionShape(1, 32, 25, 64, 96, 1, 2, 0),
        new ConvolutionShape(2, 24, 24, 32, 64, 3, 1, 1));
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(ConvolutionShape s) {
    RandomData data = RandomData.of("convolution libtorch", s);
    KernelCall forward = ConvolutionKernelCalls.forward(data, s, true);
    KernelCall byInput =
        ConvolutionKernelCalls.backwardInput(data, s).with("weight", forward.floats("weight"));
    KernelCall byWeight =
        ConvolutionKernelCalls.backwardWeight(data, s, true)
            .with("x", forward.floats("x"))
            .with("dy", byInput.floats("dy"));
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(forward.floats("x"), s.batch(), s.height(), s.width(), s.in());
          var weight =
              Libtorch.variable(forward.floats("weight"), s.out(), s.in(), s.kernel(), s.kernel());
          var bias = Libtorch.variable(forward.floats("bias"), s.out());
          var y = LibtorchMaps.convolution(x, weight, bias, s.stride(), s.padding());
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, byInput.floats("dy"));
          referenceGives(byInput, "dx", Libtorch.values(x.grad()), ROUNDING);
          referenceAdds(byWeight, "dWeight", Libtorch.values(weight.grad()), ROUNDING);
          referenceAdds(byWeight, "dBias", Libtorch.values(bias.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void unfoldAgreesWithLibtorch(ConvolutionShape s) {
    KernelCall call = ConvolutionKernelCalls.unfold(RandomData.of("unfold libtorch", s), s);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.constant(call.floats("x"), s.batch(), s.height(), s.width(), s.in());
          var patches =
              torch
                  .im2col(
                      x.permute(0, 3, 1, 2),
                      new long[] {s.kernel(), s.kernel()},
                      new long[] {1, 1},
                      new long[] {s.padding(), s.padding()},
                      new long[] {s.stride(), s.stride()})
                  .permute(0, 2, 1);
          referenceGives(call, "patches", Libtorch.values(patches), EXACT);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, ConvolutionShape s) {
    RandomData data = RandomData.of("convolution", s);
    KernelCheck.check(ConvolutionKernelCalls.forward(data, s, true), candidate, BOUND);
    KernelCheck.check(ConvolutionKernelCalls.forward(data, s, false), candidate, BOUND);
    KernelCheck.check(ConvolutionKernelCalls.backwardInput(data, s), candidate, BOUND);
    KernelCheck.check(ConvolutionKernelCalls.backwardWeight(data, s, true), candidate, BOUND);
    KernelCheck.check(ConvolutionKernelCalls.backwardWeight(data, s, false), candidate, BOUND);
    KernelCheck.check(ConvolutionKernelCalls.unfold(data, s), candidate, EXACT);
  }

  /**
   * In a session that has held large numbers in what a call borrows: where a row of y has one
   * pixel, whose window may see padding alone at some places, or all of x.
   */
  @ParameterizedTest
  @MethodSource("narrowCandidates")
  void whatEarlierCallsHeldIsNotRead(Candidate candidate, ConvolutionShape s) {
    RandomData data = RandomData.of("convolution after others", s);
    ConvolutionShape large = new ConvolutionShape(2, 12, 12, 32, 32, 3, 2, 1);
    float[] huge = data.gaussian(ConvolutionKernelCalls.input(large));
    for (int i = 0; i < huge.length; i++) {
      huge[i] *= 1e15f;
    }
    KernelCall before = ConvolutionKernelCalls.backwardWeight(data, large, true).with("x", huge);
    try (Session session = candidate.open()) {
      Kernels kernels = session.kernels();
      KernelCheck.check(before, kernels, session.device(), BOUND, "dWeight", "dBias");
      KernelCall byWeight = ConvolutionKernelCalls.backwardWeight(data, s, true);
      KernelCheck.check(byWeight, kernels, session.device(), BOUND);
      KernelCheck.check(before, kernels, session.device(), BOUND, "dWeight", "dBias");
      KernelCall forward = ConvolutionKernelCalls.forward(data, s, true);
      KernelCheck.check(forward, kernels, session.device(), BOUND);
    }
  }

  static Stream<Arguments> narrowCandidates() {
    return Candidate.times(
        List.of(
            new ConvolutionShape(2, 7, 1, 16, 16, 3, 2, 1),
            new ConvolutionShape(3, 5, 3, 8, 24, 4, 4, 1),
            new ConvolutionShape(2, 9, 2, 16, 32, 5, 4, 2),
            new ConvolutionShape(1, 4, 4, 16, 16, 4, 4, 0),
            new ConvolutionShape(2, 8, 8, 8, 5, 8, 8, 0)));
  }

  static Stream<Arguments> evenCandidates() {
    return Candidate.times(
        List.of(
            new ConvolutionShape(2, 5, 4, 4, 2, 3, 1, 1),
            new ConvolutionShape(3, 9, 8, 6, 10, 3, 2, 1),
            new ConvolutionShape(2, 4, 9, 2, 64, 1, 2, 0),
            new ConvolutionShape(1, 40, 33, 16, 18, 3, 1, 1)));
  }

  @ParameterizedTest
  @MethodSource("evenCandidates")
  void notANumberReachesWhatSeesItAndNothingElse(Candidate candidate, ConvolutionShape s) {
    RandomData data = RandomData.of("convolution non-finite", s);
    KernelCall forward = ConvolutionKernelCalls.forward(data, s, true);
    KernelCheck.check(NonFinite.with(forward, "x", data, Float.NaN), candidate, BOUND);
    KernelCall byInput = ConvolutionKernelCalls.backwardInput(data, s);
    KernelCheck.check(NonFinite.with(byInput, "dy", data, Float.NaN), candidate, BOUND);
    KernelCall unfold = ConvolutionKernelCalls.unfold(data, s);
    KernelCheck.check(NonFinite.in(unfold, "x", data), candidate, EXACT);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    ConvolutionShape s = new ConvolutionShape(2, 4, 3, 2, 3, 3, 2, 1);
    RandomData data = RandomData.of("convolution differences");
    KernelCall forward = ConvolutionKernelCalls.forward(data, s, true);
    KernelCall byInput =
        ConvolutionKernelCalls.backwardInput(data, s).with("weight", forward.floats("weight"));
    float[] dy = byInput.floats("dy");
    KernelCall byWeight =
        ConvolutionKernelCalls.backwardWeight(data, s, true)
            .with("x", forward.floats("x"))
            .with("dy", dy);
    referenceGives(byInput, "dx", FiniteDifferences.gradient(forward, "x", "y", dy), DIFFERENCES);
    referenceAdds(
        byWeight, "dWeight", FiniteDifferences.gradient(forward, "weight", "y", dy), DIFFERENCES);
    referenceAdds(
        byWeight, "dBias", FiniteDifferences.gradient(forward, "bias", "y", dy), DIFFERENCES);
  }
}
