package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchMaps;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FeatureMapTest {
  private static final double BOUND = 1e-5;
  private static final double EXACT = 0;

  static List<FeatureMapShape> maps() {
    return List.of(
        new FeatureMapShape(1, 1, 1, 1),
        new FeatureMapShape(2, 3, 2, 63),
        new FeatureMapShape(3, 2, 5, 65),
        new FeatureMapShape(1, 14, 15, 197),
        new FeatureMapShape(2, 16, 16, 64));
  }

  static List<ConcatenationShape> sides() {
    return List.of(
        new ConcatenationShape(1, 1, 1),
        new ConcatenationShape(2, 63, 2),
        new ConcatenationShape(65, 1, 64),
        new ConcatenationShape(197, 65, 33),
        new ConcatenationShape(300, 96, 160));
  }

  static Stream<Arguments> mapCandidates() {
    return Candidate.times(maps());
  }

  static Stream<Arguments> sideCandidates() {
    return Candidate.times(sides());
  }

  @ParameterizedTest
  @MethodSource("maps")
  void upsamplingAgreesWithLibtorch(FeatureMapShape s) {
    RandomData data = RandomData.of("upsample libtorch", s);
    KernelCall forward = FeatureMapKernelCalls.upsampleForward(data, s);
    KernelCall backward = FeatureMapKernelCalls.upsampleBackward(data, s);
    Libtorch.scoped(
        () -> {
          var x =
              Libtorch.variable(
                  forward.floats("x"), s.batch(), s.height(), s.width(), s.channels());
          var y = LibtorchMaps.upsample(x);
          referenceGives(forward, "y", Libtorch.values(y), EXACT);
          Libtorch.backward(y, backward.floats("dy"));
          referenceGives(backward, "dx", Libtorch.values(x.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("sides")
  void concatenationAgreesWithLibtorch(ConcatenationShape s) {
    RandomData data = RandomData.of("concatenate libtorch", s);
    KernelCall forward = FeatureMapKernelCalls.concatenate(data, s);
    KernelCall split = FeatureMapKernelCalls.split(data, s, true, true);
    Libtorch.scoped(
        () -> {
          var a = Libtorch.variable(forward.floats("a"), s.rows(), s.first());
          var b = Libtorch.variable(forward.floats("b"), s.rows(), s.second());
          var out = torch.cat(new TensorVector(a, b), 1);
          referenceGives(forward, "out", Libtorch.values(out), EXACT);
          Libtorch.backward(out, split.floats("x"));
          referenceGives(split, "a", Libtorch.values(a.grad()), EXACT);
          referenceGives(split, "b", Libtorch.values(b.grad()), EXACT);
        });
  }

  @ParameterizedTest
  @MethodSource("mapCandidates")
  void upsamplingAgreesWithTheReference(Candidate candidate, FeatureMapShape s) {
    RandomData data = RandomData.of("upsample", s);
    KernelCall forward = FeatureMapKernelCalls.upsampleForward(data, s);
    KernelCall backward = FeatureMapKernelCalls.upsampleBackward(data, s);
    KernelCheck.check(forward, candidate, EXACT);
    KernelCheck.check(NonFinite.in(forward, "x", data), candidate, EXACT);
    KernelCheck.check(backward, candidate, BOUND);
    KernelCheck.check(NonFinite.in(backward, "dy", data), candidate, BOUND);
  }

  @ParameterizedTest
  @MethodSource("sideCandidates")
  void concatenationAgreesWithTheReference(Candidate candidate, ConcatenationShape s) {
    RandomData data = RandomData.of("concatenate", s);
    KernelCall forward = FeatureMapKernelCalls.concatenate(data, s);
    KernelCheck.check(forward, candidate, EXACT);
    KernelCheck.check(NonFinite.in(forward, "a", data), candidate, EXACT);
    KernelCheck.check(FeatureMapKernelCalls.split(data, s, true, true), candidate, EXACT);
    KernelCheck.check(FeatureMapKernelCalls.split(data, s, true, false), candidate, EXACT);
    KernelCheck.check(FeatureMapKernelCalls.split(data, s, false, true), candidate, EXACT);
  }
}
