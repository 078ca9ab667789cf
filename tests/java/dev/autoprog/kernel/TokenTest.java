package dev.autoprog.kernel;

import static dev.autoprog.testing.KernelCheck.DIFFERENCES;
import static dev.autoprog.testing.KernelCheck.ROUNDING;
import static dev.autoprog.testing.KernelCheck.referenceAdds;
import static dev.autoprog.testing.KernelCheck.referenceGives;

import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.FiniteDifferences;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCheck;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TokenTest {
  private static final double BOUND = 1e-5;
  private static final double EXACT = 0;

  static List<TokenShape> tokenShapes() {
    return List.of(
        new TokenShape(1, 2, 1),
        new TokenShape(2, 5, 63),
        new TokenShape(3, 65, 65),
        new TokenShape(2, 197, 33));
  }

  static List<PositionShape> positionShapes() {
    return List.of(
        new PositionShape(1, 1, 1),
        new PositionShape(1, 3, 2),
        new PositionShape(3, 1, 5),
        new PositionShape(2, 7, 63),
        new PositionShape(7, 14, 33),
        new PositionShape(14, 7, 8),
        new PositionShape(5, 8, 65),
        new PositionShape(14, 14, 3));
  }

  static Stream<Arguments> tokenCandidates() {
    return Candidate.times(tokenShapes());
  }

  static Stream<Arguments> positionCandidates() {
    return Candidate.times(positionShapes());
  }

  @ParameterizedTest
  @MethodSource("tokenShapes")
  void assemblyAgreesWithLibtorch(TokenShape s) {
    RandomData data = RandomData.of("assemble libtorch", s);
    KernelCall forward = KernelCalls.assembleTokens(data, s);
    KernelCall backward = KernelCalls.assembleTokensBackward(data, s);
    float[] dy = backward.floats("dy");
    long sample = s.tokens() * s.width();
    KernelCall byToken =
        KernelCalls.sumRows(data, new RowsShape(s.batch(), s.width(), sample))
            .with("x", Arrays.copyOf(dy, (int) ((s.batch() - 1) * sample + s.width())));
    KernelCall byPosition =
        KernelCalls.sumRows(data, RowsShape.dense(s.batch(), sample)).with("x", dy);
    Libtorch.scoped(
        () -> {
          var patches =
              Libtorch.variable(forward.floats("patches"), s.batch(), s.tokens() - 1, s.width());
          var token = Libtorch.variable(forward.floats("classToken"), 1, 1, s.width());
          var positions = Libtorch.variable(forward.floats("positions"), s.tokens(), s.width());
          var tokens = new TensorVector(token.expand(s.batch(), 1, s.width()), patches);
          var out = torch.cat(tokens, 1).add(positions);
          referenceGives(forward, "out", Libtorch.values(out), ROUNDING);
          Libtorch.backward(out, dy);
          referenceGives(backward, "dPatches", Libtorch.values(patches.grad()), EXACT);
          referenceAdds(byToken, "sum", Libtorch.values(token.grad()), ROUNDING);
          referenceAdds(byPosition, "sum", Libtorch.values(positions.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("tokenShapes")
  void selectionAgreesWithLibtorch(TokenShape s) {
    RandomData data = RandomData.of("select libtorch", s);
    KernelCall forward = KernelCalls.selectClassToken(data, s);
    KernelCall backward = KernelCalls.selectClassTokenBackward(data, s);
    Libtorch.scoped(
        () -> {
          var x = Libtorch.variable(forward.floats("x"), s.batch(), s.tokens(), s.width());
          var y = x.select(1, 0);
          referenceGives(forward, "y", Libtorch.values(y), EXACT);
          Libtorch.backward(y, backward.floats("dy"));
          referenceGives(backward, "dx", Libtorch.values(x.grad()), EXACT);
        });
  }

  @ParameterizedTest
  @MethodSource("positionShapes")
  void resizeAgreesWithLibtorch(PositionShape s) {
    RandomData data = RandomData.of("resize libtorch", s);
    KernelCall forward = KernelCalls.resizePositions(data, s);
    KernelCall backward = KernelCalls.resizePositionsBackward(data, s);
    long stored = s.from() * s.from();
    Libtorch.scoped(
        () -> {
          var positions = Libtorch.variable(forward.floats("positions"), 1 + stored, s.width());
          Tensor grid = positions.narrow(0, 1, stored).reshape(1, s.from(), s.from(), s.width());
          Tensor resized =
              torch.upsample_bicubic2d(
                  grid.permute(0, 3, 1, 2), new long[] {s.to(), s.to()}, false);
          Tensor rows = resized.permute(0, 2, 3, 1).reshape(s.to() * s.to(), s.width());
          Tensor out = torch.cat(new TensorVector(positions.narrow(0, 0, 1), rows), 0);
          referenceGives(forward, "out", Libtorch.values(out), ROUNDING);
          Libtorch.backward(out, backward.floats("dy"));
          referenceAdds(backward, "dPositions", Libtorch.values(positions.grad()), ROUNDING);
        });
  }

  @ParameterizedTest
  @MethodSource("tokenCandidates")
  void tokensAgreeWithTheReference(Candidate candidate, TokenShape s) {
    RandomData data = RandomData.of("tokens", s);
    KernelCall assemble = KernelCalls.assembleTokens(data, s);
    KernelCheck.check(assemble, candidate, EXACT);
    KernelCheck.check(KernelCalls.assembleTokensBackward(data, s), candidate, EXACT);
    KernelCheck.check(KernelCalls.selectClassToken(data, s), candidate, EXACT);
    KernelCheck.check(KernelCalls.selectClassTokenBackward(data, s), candidate, EXACT);
    KernelCheck.check(NonFinite.in(assemble, "patches", data), candidate, EXACT);
    KernelCheck.check(
        NonFinite.in(KernelCalls.selectClassTokenBackward(data, s), "dy", data), candidate, EXACT);
  }

  @ParameterizedTest
  @MethodSource("positionCandidates")
  void resizeAgreesWithTheReference(Candidate candidate, PositionShape s) {
    RandomData data = RandomData.of("resize", s);
    double bound = s.from() == s.to() ? EXACT : BOUND;
    KernelCall forward = KernelCalls.resizePositions(data, s);
    KernelCall backward = KernelCalls.resizePositionsBackward(data, s);
    KernelCheck.check(forward, candidate, bound);
    KernelCheck.check(backward, candidate, bound);
    KernelCheck.check(NonFinite.with(backward, "dPositions", data, Float.NaN), candidate, bound);
  }

  @ParameterizedTest
  @MethodSource("positionCandidates")
  void anEqualGridIsCopiedBitForBit(Candidate candidate, PositionShape s) {
    PositionShape same = new PositionShape(s.from(), s.from(), s.width());
    KernelCall call = KernelCalls.resizePositions(RandomData.of("copy", s), same);
    float[] strange = call.floats("positions");
    strange[strange.length - 1] = -0f;
    strange[0] = Float.NaN;
    KernelCall copy = call.with("positions", strange);
    KernelCheck.check(copy, candidate, EXACT);
    Closeness.assertSameBits("copy", copy.onReference().get("out"), strange);
  }

  @Test
  void backwardAgreesWithFiniteDifferences() {
    PositionShape s = new PositionShape(3, 5, 2);
    RandomData data = RandomData.of("resize differences");
    KernelCall forward = KernelCalls.resizePositions(data, s);
    KernelCall backward = KernelCalls.resizePositionsBackward(data, s);
    referenceAdds(
        backward,
        "dPositions",
        FiniteDifferences.gradient(forward, "positions", "out", backward.floats("dy")),
        DIFFERENCES);
  }
}
