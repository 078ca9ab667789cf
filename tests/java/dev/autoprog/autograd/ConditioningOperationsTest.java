package dev.autoprog.autograd;

import static dev.autoprog.testing.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Session;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of each operation against libtorch's autograd, with inputs that several others read.
 */
class ConditioningOperationsTest {
  private static final double BOUND = 1e-5;
  private static final float EPSILON = 1e-6f;
  private static final int BATCH = 3;
  private static final int TOKENS = 5;
  private static final int WIDTH = 12;

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  /** Inputs by name, to an output: ours and libtorch's. */
  private interface Ours {
    Variable of(Tape tape, Map<String, Variable> inputs);
  }

  private static void check(
      Candidate candidate,
      Map<String, long[]> inputs,
      Ours ours,
      Function<Map<String, org.bytedeco.pytorch.Tensor>, org.bytedeco.pytorch.Tensor> theirs) {
    RandomData random = RandomData.of("conditioning", inputs.keySet().toString());
    try (Session session = candidate.open()) {
      Tape tape = Tape.recording(session);
      Map<String, Variable> variables = new TreeMap<>();
      Map<String, float[]> values = new TreeMap<>();
      inputs.forEach(
          (name, dims) -> {
            Tensor tensor = session.allocate(DType.FLOAT32, Shape.of(dims));
            values.put(name, random.gaussian(tensor.elements()));
            variables.put(name, tape.input(tensor.set(values.get(name)), true));
          });
      Variable y = ours.of(tape, variables);
      Tensor dy = session.allocate(DType.FLOAT32, y.value().shape());
      dy.set(random.gaussian(dy.elements()));
      float[] result = y.value().toFloats();
      tape.backward(y, dy, new Accumulate(session, parameter -> null));
      Libtorch.scoped(
          () -> {
            Map<String, org.bytedeco.pytorch.Tensor> oracle = new TreeMap<>();
            inputs.forEach(
                (name, dims) -> oracle.put(name, Libtorch.variable(values.get(name), dims)));
            var expected = theirs.apply(oracle);
            assertClose("y", result, Libtorch.values(expected), BOUND);
            Libtorch.backward(expected, dy.toFloats());
            oracle.forEach(
                (name, tensor) ->
                    assertClose(
                        "the gradient by " + name,
                        tape.gradientSoFar(variables.get(name)).toFloats(),
                        Libtorch.values(tensor.grad()),
                        BOUND));
          });
    }
  }

  private static Map<String, long[]> blockInputs() {
    return Map.of(
        "x", new long[] {BATCH, TOKENS, WIDTH},
        "branch", new long[] {BATCH, TOKENS, WIDTH},
        "modulation", new long[] {BATCH, 3 * WIDTH});
  }

  private static org.bytedeco.pytorch.Tensor chunk(org.bytedeco.pytorch.Tensor modulation, int i) {
    return modulation.reshape(BATCH, 3, 1, WIDTH).select(1, i);
  }

  private static org.bytedeco.pytorch.Tensor norm(
      org.bytedeco.pytorch.Tensor x, org.bytedeco.pytorch.Tensor modulation) {
    return torch
        .layer_norm(
            x, new long[] {WIDTH}, new TensorOptional(), new TensorOptional(), EPSILON, false)
        .mul(chunk(modulation, 2).add(new Scalar(1.0)))
        .add(chunk(modulation, 0));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void modulatedNorm(Candidate candidate) {
    check(
        candidate,
        Map.of(
            "x", new long[] {BATCH, TOKENS, WIDTH},
            "modulation", new long[] {BATCH, 3 * WIDTH}),
        (tape, in) ->
            ConditioningOperations.modulatedNorm(
                tape, in.get("x"), in.get("modulation"), 0, 2, EPSILON),
        in -> norm(in.get("x"), in.get("modulation")));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void gate(Candidate candidate) {
    check(
        candidate,
        blockInputs(),
        (tape, in) ->
            ConditioningOperations.gate(
                tape, in.get("x"), in.get("branch"), in.get("modulation"), 1),
        in -> in.get("x").add(in.get("branch").mul(chunk(in.get("modulation"), 1))));
  }

  /** As a block of adaLN-Zero has it, and one chunk by two operations besides. */
  @ParameterizedTest
  @MethodSource("candidates")
  void chunksOfOneModulationAddUp(Candidate candidate) {
    check(
        candidate,
        blockInputs(),
        (tape, in) -> {
          Variable m = in.get("modulation");
          Variable normed =
              ConditioningOperations.modulatedNorm(tape, in.get("x"), m, 0, 2, EPSILON);
          Variable branch = Operations.residual(tape, normed, in.get("branch"), null);
          Variable h = ConditioningOperations.gate(tape, in.get("x"), branch, m, 1);
          return ConditioningOperations.gate(tape, h, in.get("branch"), m, 1);
        },
        in -> {
          var m = in.get("modulation");
          var branch = norm(in.get("x"), m).add(in.get("branch"));
          var h = in.get("x").add(branch.mul(chunk(m, 1)));
          return h.add(in.get("branch").mul(chunk(m, 1)));
        });
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void addToTokens(Candidate candidate) {
    check(
        candidate,
        Map.of("x", new long[] {BATCH, TOKENS, WIDTH}, "t", new long[] {BATCH, WIDTH}),
        (tape, in) -> ConditioningOperations.addToTokens(tape, in.get("x"), in.get("t")),
        in -> in.get("x").add(in.get("t").unsqueeze(1)));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void silu(Candidate candidate) {
    check(
        candidate,
        Map.of("x", new long[] {BATCH, WIDTH}),
        (tape, in) -> ConditioningOperations.silu(tape, in.get("x")),
        in -> torch.silu(in.get("x")));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void geglu(Candidate candidate) {
    check(
        candidate,
        Map.of("x", new long[] {BATCH, TOKENS, 2 * WIDTH}),
        (tape, in) -> ConditioningOperations.geglu(tape, in.get("x")),
        in -> {
          var halves = in.get("x").reshape(BATCH, TOKENS, 2, WIDTH);
          return halves.select(2, 0).mul(torch.gelu(halves.select(2, 1)));
        });
  }

  /** A network with frozen parts computes what leads to trainable ones, and nothing else. */
  @ParameterizedTest
  @MethodSource("candidates")
  void constantsGetNoGradient(Candidate candidate) {
    try (Session session = candidate.open()) {
      Tape tape = Tape.recording(session);
      Tensor tokens = session.zeros(Shape.of(BATCH, TOKENS, WIDTH));
      Tensor chunks = session.zeros(Shape.of(BATCH, 3 * WIDTH));
      Variable x = tape.constant(tokens);
      Variable m = tape.input(chunks, true);
      Variable frozen = tape.constant(chunks);
      Variable branch = tape.input(tokens, true);
      Variable y =
          ConditioningOperations.gate(
              tape,
              ConditioningOperations.gate(
                  tape, ConditioningOperations.modulatedNorm(tape, x, m, 0, 1, EPSILON), x, m, 2),
              ConditioningOperations.modulatedNorm(tape, branch, frozen, 0, 1, EPSILON),
              frozen,
              2);
      tape.backward(y, tokens, new Accumulate(session, parameter -> null));
      assertThat(tape.gradientSoFar(x)).isNull();
      assertThat(tape.gradientSoFar(frozen)).isNull();
      assertThat(tape.gradientSoFar(m).toFloats()).containsOnly(0f);
      assertThat(tape.gradientSoFar(branch).toFloats()).containsOnly(0f);
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void embedding(Candidate candidate) {
    int[] indices = {2, 0, 2, 3, 2};
    RandomData random = RandomData.of("embedding operation");
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Parameter table = builder.weight("table", Initializer.constant(0), 4, WIDTH);
    try (Session session = candidate.open();
        ParameterSet set = builder.allocate(session, Precision.FP32)) {
      float[] rows = random.gaussian(4 * WIDTH);
      table.value().set(rows);
      set.valuesChanged();
      Tape tape = Tape.recording(session);
      Variable y = ConditioningOperations.embedding(tape, table, indices);
      float[] result = y.value().toFloats();
      float[] dy = random.gaussian(result.length);
      Tensor seed = session.allocate(DType.FLOAT32, y.value().shape()).set(dy);
      tape.backward(y, seed, set.accumulator());
      Libtorch.scoped(
          () -> {
            var weight = Libtorch.variable(rows, 4, WIDTH);
            var expected = torch.embedding(weight, Libtorch.labels(indices));
            assertClose("y", result, Libtorch.values(expected), 0);
            Libtorch.backward(expected, dy);
            assertClose(
                "the table's gradient",
                table.gradient().toFloats(),
                Libtorch.values(weight.grad()),
                BOUND);
          });
      for (int wrong : List.of(-1, 4)) {
        assertThatThrownBy(() -> ConditioningOperations.embedding(tape, table, 0, wrong))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("index 1 of 2 is " + wrong + ", expected a row of the table, 0 to 3");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void mlpWithTheApproximateGelu(Candidate candidate) {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Parameter up = builder.weight("up", Initializer.uniform(0.5), 20, WIDTH);
    Parameter upBias = builder.free("up.bias", Initializer.uniform(0.5), 20);
    Parameter down = builder.weight("down", Initializer.uniform(0.5), WIDTH, 20);
    Parameter downBias = builder.free("down.bias", Initializer.uniform(0.5), WIDTH);
    RandomData random = RandomData.of("mlp tanh");
    try (Session session = candidate.open();
        ParameterSet set = builder.allocate(session, Precision.FP32)) {
      set.initialize(1);
      Tape tape = Tape.recording(session);
      float[] values = random.gaussian(TOKENS * WIDTH);
      float[] dy = random.gaussian(TOKENS * WIDTH);
      Shape shape = Shape.of(TOKENS, WIDTH);
      Variable x = tape.input(session.allocate(DType.FLOAT32, shape).set(values), true);
      Variable y = Operations.mlp(tape, Gelu.TANH, x, up, upBias, down, downBias, null);
      float[] result = y.value().toFloats();
      tape.backward(y, session.allocate(DType.FLOAT32, shape).set(dy), set.accumulator());
      Libtorch.scoped(
          () -> {
            var input = Libtorch.variable(values, TOKENS, WIDTH);
            var weight = Libtorch.variable(up.value().toFloats(), 20, WIDTH);
            var bias = Libtorch.constant(upBias.value().toFloats(), 20);
            var weight2 = Libtorch.constant(down.value().toFloats(), WIDTH, 20);
            var bias2 = Libtorch.constant(downBias.value().toFloats(), WIDTH);
            var hidden = torch.gelu(torch.linear(input, weight, new TensorOptional(bias)), "tanh");
            var expected = torch.linear(hidden, weight2, new TensorOptional(bias2));
            assertClose("y", result, Libtorch.values(expected), BOUND);
            Libtorch.backward(expected, dy);
            float[] dx = tape.gradientSoFar(x).toFloats();
            assertClose("dx", dx, Libtorch.values(input.grad()), BOUND);
            float[] dw = up.gradient().toFloats();
            assertClose("dw", dw, Libtorch.values(weight.grad()), BOUND);
          });
    }
  }
}
