package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LinearTest {
  private static final double BOUND = 1e-5;

  /** Where NaNs leave few elements, what is left may be small beside the terms of its sum. */
  private static final double BOUND_OF_FEW = 1e-3;

  static List<LinearShape> shapes() {
    return List.of(
        new LinearShape(2065, 17, 33),
        new LinearShape(4, 1, 1), // of one row alone a product may cancel its bias
        new LinearShape(2, 3, 65),
        new LinearShape(63, 65, 2),
        new LinearShape(197, 64, 63),
        new LinearShape(65, 384, 33),
        new LinearShape(600, 9, 1030),
        new LinearShape(1, 129, 2));
  }

  /**
   * The shape that a candidate's GELU is checked on. In BFLOAT16, CUDA's kernels round h before it,
   * as PyTorch's autocast does: that costs up to 2⁻⁸ |h gelu'(h)|, which is far more than gelu(h)
   * times 2⁻⁸ where h is negative, and of few numbers alone no relative bound holds. There CUDA has
   * more rows and columns; the native tests hold it to small shapes, against h that was rounded.
   */
  private static LinearShape ofGelu(Candidate candidate, LinearShape s) {
    boolean roundsBefore = candidate.backend().name().equals("cuda");
    return roundsBefore && s.rows() * s.out() < 1000
        ? new LinearShape(s.rows() + 32, s.in(), s.out() + 32)
        : s;
  }

  static Stream<Arguments> candidates() {
    return Candidate.times(shapes());
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void referenceAgreesWithLibtorch(LinearShape s) {
    RandomData data = RandomData.of("linear libtorch", s);
    KernelCall forward = LinearKernelCalls.forward(data, s, true);
    KernelCall input =
        LinearKernelCalls.backwardInput(data, s, false).with("weight", forward.floats("weight"));
    KernelCall weight =
        LinearKernelCalls.backwardWeight(data, s)
            .with("x", forward.floats("x"))
            .with("dy", input.floats("dy"));
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(forward.floats("x"), s.rows(), s.in());
          var w = Libtorch.variable(forward.floats("weight"), s.out(), s.in());
          var b = Libtorch.variable(forward.floats("bias"), s.out());
          var base = Libtorch.constant(forward.floats("base"), s.rows(), s.out());
          var y = base.add(torch.linear(x, w, new TensorOptional(b)));
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          Libtorch.backward(y, input.floats("dy"));
          referenceGives(input, "dx", Libtorch.values(x.grad()), ROUNDING);
          referenceAdds(weight, "dWeight", Libtorch.values(w.grad()), ROUNDING);
          referenceAdds(weight, "dBias", Libtorch.values(b.grad()), ROUNDING);
        });
  }

  /** Two layers with a GELU between them, and the gradient by what the first one gives. */
  @ParameterizedTest
  @MethodSource("shapes")
  void referenceWithGeluAgreesWithLibtorch(LinearShape s) {
    for (Gelu gelu : Gelu.values()) {
      agreesWithLibtorch(gelu, s);
    }
  }

  private static void agreesWithLibtorch(Gelu gelu, LinearShape s) {
    RandomData data = RandomData.of("linear gelu libtorch", s);
    KernelCall forward = LinearKernelCalls.geluForward(data, gelu, s, true);
    LinearShape next = new LinearShape(s.rows(), s.out(), 3);
    KernelCall backward = LinearKernelCalls.backwardInput(data, next, true);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.constant(forward.floats("x"), s.rows(), s.in());
          var w = Libtorch.constant(forward.floats("weight"), s.out(), s.in());
          var b = Libtorch.constant(forward.floats("bias"), s.out());
          var h = torch.linear(x, w, new TensorOptional(b)).detach().requires_grad_(true);
          var y = ActivationTest.gelu(gelu, h);
          referenceGives(forward, "y", Libtorch.values(y), ROUNDING);
          var w2 = Libtorch.constant(backward.floats("weight"), next.out(), next.in());
          Libtorch.backward(torch.linear(y, w2), backward.floats("dy"));
          referenceGives(
              backward.with("scale", forward.onReference().get("slope")),
              "dx",
              Libtorch.values(h.grad()),
              ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void agreesWithTheReference(Candidate candidate, LinearShape s) {
    RandomData data = RandomData.of("linear", s);
    LinearShape g = ofGelu(candidate, s);
    KernelCheck.check(LinearKernelCalls.forward(data, s, true), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.forward(data, s, false), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.forwardToFloats(data, s), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.geluForward(data, Gelu.ERF, g, true), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.geluForward(data, Gelu.TANH, g, false), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.geluWithoutSlope(data, g), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.backwardInput(data, s, true), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.backwardInput(data, s, false), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.backwardWeight(data, s), candidate, BOUND);
    KernelCheck.check(LinearKernelCalls.backwardWeightAlone(data, s), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void nonFiniteValuesPropagate(Candidate candidate, LinearShape s) {
    RandomData data = RandomData.of("linear non-finite", s);
    KernelCall forward = LinearKernelCalls.forward(data, s, true);
    KernelCheck.check(NonFinite.in(forward, "x", data), candidate, BOUND_OF_FEW);
    KernelCheck.check(NonFinite.in(forward, "weight", data), candidate, BOUND_OF_FEW);
    LinearShape g = ofGelu(candidate, s);
    KernelCall gelu = LinearKernelCalls.geluForward(data, Gelu.ERF, g, true);
    KernelCheck.check(NonFinite.in(gelu, "x", data), candidate, BOUND_OF_FEW);
    KernelCall input = LinearKernelCalls.backwardInput(data, s, true);
    KernelCheck.check(NonFinite.in(input, "dy", data), candidate, BOUND_OF_FEW);
    KernelCheck.check(NonFinite.in(input, "scale", data), candidate, BOUND_OF_FEW);
    KernelCall weight = LinearKernelCalls.backwardWeight(data, s);
    KernelCheck.check(NonFinite.in(weight, "dy", data), candidate, BOUND_OF_FEW);
    KernelCheck.check(NonFinite.in(weight, "dWeight", data), candidate, BOUND_OF_FEW);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    LinearShape s = new LinearShape(3, 5, 4);
    RandomData data = RandomData.of("linear differences");
    KernelCall forward = LinearKernelCalls.forward(data, s, true);
    float[] dy = data.gaussian(s.rows() * s.out());
    referenceGives(
        LinearKernelCalls.backwardInput(data, s, false)
            .with("weight", forward.floats("weight"))
            .with("dy", dy),
        "dx",
        FiniteDifferences.gradient(forward, "x", "y", dy),
        DIFFERENCES);
    referenceAdds(
        LinearKernelCalls.backwardWeight(data, s).with("x", forward.floats("x")).with("dy", dy),
        "dWeight",
        FiniteDifferences.gradient(forward, "weight", "y", dy),
        DIFFERENCES);
    referenceAdds(
        LinearKernelCalls.backwardWeight(data, s).with("x", forward.floats("x")).with("dy", dy),
        "dBias",
        FiniteDifferences.gradient(forward, "bias", "y", dy),
        DIFFERENCES);
  }
}
