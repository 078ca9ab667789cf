package dev.autoprog.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Session;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.GuardedTensors;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchMaps;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * In bfloat16, a kernel's error against float64 is at most twice that of the same formula in
 * PyTorch's bfloat16, on the same inputs.
 */
class Bfloat16AccuracyTest {
  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void linear(Candidate candidate) {
    LinearShape s = new LinearShape(65, 384, 130);
    KernelCall call = LinearKernelCalls.forward(RandomData.of("bf16 linear"), s, true);
    assertNearPyTorch(
        candidate,
        call,
        "y",
        inputs -> {
          Tensor bias = Libtorch.constant(call.floats("bias"), s.out());
          Tensor x = inputs.of("x", s.rows(), s.in());
          Tensor weight = inputs.of("weight", s.out(), s.in());
          return torch
              .linear(x, weight, new TensorOptional(bias.to(torch.ScalarType.BFloat16)))
              .add(inputs.of("base", s.rows(), s.out()));
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void layerNorm(Candidate candidate) {
    RowsShape s = RowsShape.dense(65, 384);
    KernelCall call = KernelCalls.layerNormForward(RandomData.of("bf16 norm"), s);
    assertNearPyTorch(
        candidate,
        call,
        "y",
        inputs -> {
          Tensor gain = Libtorch.constant(call.floats("gain"), s.columns());
          Tensor bias = Libtorch.constant(call.floats("bias"), s.columns());
          return torch.layer_norm(
              inputs.of("x", s.rows(), s.columns()),
              new long[] {s.columns()},
              new TensorOptional(gain.to(torch.ScalarType.BFloat16)),
              new TensorOptional(bias.to(torch.ScalarType.BFloat16)),
              KernelCalls.LAYER_NORM_EPSILON,
              false);
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void convolution(Candidate candidate) {
    ConvolutionShape s = new ConvolutionShape(3, 9, 8, 65, 40, 3, 2, 1);
    RandomData data = RandomData.of("bf16 convolution");
    KernelCall forward = ConvolutionKernelCalls.forward(data, s, false);
    assertNearPyTorch(
        candidate,
        forward,
        "y",
        inputs ->
            LibtorchMaps.convolution(
                inputs.of("x", s.batch(), s.height(), s.width(), s.in()),
                inputs.of("weight", s.out(), s.in(), s.kernel(), s.kernel()),
                null,
                s.stride(),
                s.padding()));
    assertNearPyTorch(
        candidate,
        ConvolutionKernelCalls.backwardInput(data, s),
        "dx",
        inputs -> {
          Tensor x =
              Libtorch.constant(forward.floats("x"), s.batch(), s.height(), s.width(), s.in())
                  .to(torch.ScalarType.BFloat16)
                  .requires_grad_(true);
          Tensor weight = inputs.of("weight", s.out(), s.in(), s.kernel(), s.kernel());
          Tensor dy = inputs.of("dy", s.batch(), s.outHeight(), s.outWidth(), s.out());
          Tensor y = LibtorchMaps.convolution(x, weight, null, s.stride(), s.padding());
          y.mul(dy).sum().backward();
          return x.grad();
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void groupNorm(Candidate candidate) {
    GroupShape s = new GroupShape(2, 65, 96, 8);
    KernelCall call = GroupNormKernelCalls.forward(RandomData.of("bf16 group norm"), s, true);
    assertNearPyTorch(
        candidate,
        call,
        "y",
        inputs ->
            LibtorchMaps.groupNorm(
                inputs.of("x", s.batch(), s.pixels(), 1, s.channels()),
                Libtorch.constant(call.floats("gain"), s.channels()).to(torch.ScalarType.BFloat16),
                Libtorch.constant(call.floats("bias"), s.channels()).to(torch.ScalarType.BFloat16),
                s.groups(),
                GroupNormKernelCalls.EPSILON,
                true));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void gelu(Candidate candidate) {
    RandomData data = RandomData.of("bf16 gelu");
    KernelCall exact = KernelCalls.geluForward(data, Gelu.ERF, 10_007);
    assertNearPyTorch(candidate, exact, "y", inputs -> torch.gelu(inputs.of("x", 10_007)));
    KernelCall tanh = KernelCalls.geluForward(data, Gelu.TANH, 10_007);
    assertNearPyTorch(candidate, tanh, "y", inputs -> torch.gelu(inputs.of("x", 10_007), "tanh"));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void silu(Candidate candidate) {
    KernelCall call = ConditioningKernelCalls.siluForward(RandomData.of("bf16 silu"), 10_007);
    assertNearPyTorch(candidate, call, "y", inputs -> torch.silu(inputs.of("x", 10_007)));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void modulatedNorm(Candidate candidate) {
    ModulationShape s = new ModulationShape(3, 65, 384, 6);
    RandomData data = RandomData.of("bf16 modulated norm");
    assertNearPyTorch(
        candidate,
        ConditioningKernelCalls.modulatedNormForward(data, s),
        "y",
        inputs -> {
          Tensor modulation = inputs.of("modulation", s.batch(), s.chunks(), 1, s.width());
          Tensor normalised =
              torch.layer_norm(
                  inputs.of("x", s.batch(), s.tokens(), s.width()),
                  new long[] {s.width()},
                  new TensorOptional(),
                  new TensorOptional(),
                  KernelCalls.LAYER_NORM_EPSILON,
                  false);
          Tensor scale = modulation.select(1, ConditioningKernelCalls.SCALE).add(new Scalar(1.0));
          return normalised.mul(scale).add(modulation.select(1, ConditioningKernelCalls.SHIFT));
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void attention(Candidate candidate) {
    for (long tokens : new long[] {17, 65, 300}) {
      AttentionShape s = new AttentionShape(2, tokens, 3, 64);
      KernelCall forward = KernelCalls.attentionForward(RandomData.of("bf16 attention", tokens), s);
      assertNearPyTorch(candidate, forward, "out", inputs -> attention(s, inputs));
      KernelCall rounded = forward.roundedInputs();
      KernelCall backward =
          KernelCalls.attentionBackward(RandomData.of("bf16 dOut", tokens), rounded, s);
      assertNearPyTorch(
          candidate,
          backward,
          "dQkv",
          inputs -> {
            Tensor qkv = inputs.of("qkv", s.batch(), s.tokens(), 3, s.heads(), s.headDim());
            qkv.requires_grad_(true);
            Tensor out = attention(s, (name, shape) -> qkv);
            Tensor dOut = inputs.of("dOut", s.batch(), s.tokens(), s.heads(), s.headDim());
            out.mul(dOut).sum().backward();
            return qkv.grad();
          });
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void crossAttention(Candidate candidate) {
    CrossAttentionShape s = new CrossAttentionShape(2, 65, 77, 3, 64);
    KernelCall call = CrossAttentionKernelCalls.forward(RandomData.of("bf16 cross attention"), s);
    assertNearPyTorch(candidate, call, "out", inputs -> crossAttention(s, inputs));
    KernelCall backward =
        CrossAttentionKernelCalls.backward(
            RandomData.of("bf16 cross dOut"), call.roundedInputs(), s);
    for (String gradient : List.of("dQ", "dKv")) {
      assertNearPyTorch(
          candidate,
          backward,
          gradient,
          inputs -> {
            Tensor q = inputs.of("q", s.batch(), s.queries(), s.heads(), s.headDim());
            Tensor kv = inputs.of("kv", s.batch(), s.keys(), 2, s.heads(), s.headDim());
            Tensor by = (gradient.equals("dQ") ? q : kv).requires_grad_(true);
            Tensor out = crossAttention(s, (name, shape) -> name.equals("q") ? q : kv);
            Tensor dOut = inputs.of("dOut", s.batch(), s.queries(), s.heads(), s.headDim());
            out.mul(dOut).sum().backward();
            return by.grad();
          });
    }
  }

  private static Tensor crossAttention(CrossAttentionShape s, Inputs inputs) {
    Tensor q = inputs.of("q", s.batch(), s.queries(), s.heads(), s.headDim()).transpose(1, 2);
    Tensor kv = inputs.of("kv", s.batch(), s.keys(), 2, s.heads(), s.headDim());
    Tensor parts = kv.permute(2, 0, 3, 1, 4);
    Tensor scores = q.matmul(parts.select(0, 0).transpose(2, 3));
    return scores.mul(new Scalar(s.scale())).softmax(-1).matmul(parts.select(0, 1)).transpose(1, 2);
  }

  private static Tensor attention(AttentionShape s, Inputs inputs) {
    Tensor qkv = inputs.of("qkv", s.batch(), s.tokens(), 3, s.heads(), s.headDim());
    Tensor parts = qkv.permute(2, 0, 3, 1, 4);
    Tensor scores = parts.select(0, 0).matmul(parts.select(0, 1).transpose(2, 3));
    Tensor p = scores.mul(new Scalar(s.scale())).softmax(-1);
    return p.matmul(parts.select(0, 2)).transpose(1, 2);
  }

  /** The formula in PyTorch. */
  private interface Formula {
    Tensor of(Inputs inputs);
  }

  private static void assertNearPyTorch(
      Candidate candidate, KernelCall call, String output, Formula formula) {
    KernelCall rounded = call.roundedInputs();
    float[] exact = rounded.onReference().get(output);
    double[][] theirs = new double[1][];
    Libtorch.scoped(
        () ->
            theirs[0] =
                Libtorch.values(
                    formula.of(
                        (name, shape) ->
                            Libtorch.constant(rounded.floats(name), shape)
                                .to(torch.ScalarType.BFloat16))));
    double[] ours = Closeness.widen(run(candidate, call.inBfloat16(), output));
    assertThat(distance(ours, exact))
        .as("%s of %s", output, call)
        .isLessThanOrEqualTo(2 * distance(theirs[0], exact));
  }

  private static float[] run(Candidate candidate, KernelCall call, String output) {
    try (Session session = candidate.open();
        GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      call.run(session.kernels(), tensors);
      return tensors.results().get(output);
    }
  }

  private static double distance(double[] values, float[] exact) {
    double squares = 0;
    for (int i = 0; i < exact.length; i++) {
      squares += (values[i] - exact[i]) * (values[i] - exact[i]);
    }
    return Math.sqrt(squares);
  }

  /** The call's typed inputs as libtorch's bfloat16. */
  private interface Inputs {
    Tensor of(String name, long... shape);
  }
}
