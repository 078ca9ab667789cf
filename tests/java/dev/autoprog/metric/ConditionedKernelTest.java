package dev.autoprog.metric;

import static dev.autoprog.testing.Closeness.assertClose;
import static dev.autoprog.testing.Closeness.narrow;

import dev.autoprog.autograd.ConditioningOperations;
import dev.autoprog.autograd.Operations;
import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.LibtorchNtk;
import dev.autoprog.testing.RandomData;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The neural tangent kernel of a network whose samples have conditions: embedded words, several a
 * sample and some in several samples, that modulate a norm and a gate.
 */
class ConditionedKernelTest {
  private static final double BOUND = 1e-4;
  private static final double BFLOAT16_BOUND = 2e-2;
  private static final float EPSILON = 1e-6f;
  private static final int SAMPLES = 4;
  private static final int TOKENS = 6;
  private static final int WIDTH = 8;
  private static final int WORDS = 5;
  private static final int[] CONDITIONS = {1, 4, 1, 1, 3, 0, 4, 3}; // two words a sample

  private final ParameterSet.Builder builder = new ParameterSet.Builder();
  private final Parameter table = declared("table", WORDS, WIDTH);
  private final Parameter time = declared("time", WIDTH, WIDTH);
  private final Parameter adaptive = declared("adaptive", 3 * WIDTH, 2 * WIDTH);
  private final Parameter mixing = declared("mixing", WIDTH, WIDTH);
  private final Parameter head = declared("head", 2, WIDTH);
  private final RandomData random = RandomData.of("conditioned kernel");
  private final float[] inputs = random.gaussian((long) SAMPLES * TOKENS * WIDTH);

  private Parameter declared(String name, long... dims) {
    return builder.weight(name, Initializer.uniform(0.6), dims);
  }

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  private Variable forward(Tape tape, Tensor tokens) {
    DType type = tokens.dtype();
    Variable words = ConditioningOperations.embedding(tape, table, CONDITIONS);
    Variable rows = reshaped(tape, words, SAMPLES, 2 * WIDTH);
    Variable condition = ConditioningOperations.silu(tape, rows);
    Variable m = Operations.linear(tape, condition, adaptive, null, null, type);
    Variable x = Operations.linear(tape, tape.constant(tokens), time, null, null, type);
    Variable h = ConditioningOperations.modulatedNorm(tape, x, m, 0, 1, EPSILON);
    Variable branch = Operations.linear(tape, h, mixing, null, null, type);
    Variable y = ConditioningOperations.gate(tape, x, branch, m, 2);
    return Operations.linear(tape, y, head, null, null, DType.FLOAT32);
  }

  private static Variable reshaped(Tape tape, Variable x, long... dims) {
    Tensor value = x.value();
    return tape.record(
        value.reshape(dims),
        (dy, sink) -> tape.accumulate(x, dy.reshape(value.shape().toArray())),
        x);
  }

  private void assertCloseToLibtorch(Candidate candidate, Precision precision, double bound) {
    try (Session session = candidate.open();
        ParameterSet set = builder.allocate(session, precision);
        NtkGram gram = new NtkGram(session, SAMPLES)) {
      set.initialize(1);
      Tape tape = Tape.recording(session);
      Tensor tokens =
          session.allocate(precision.activations(), Shape.of(SAMPLES, TOKENS, WIDTH)).set(inputs);
      Variable y = forward(tape, tokens);
      Tensor seed = session.allocate(DType.FLOAT32, y.value().shape());
      session.kernels().fill(seed, 1);
      tape.backward(y, seed, gram);
      double[] theta = Arrays.stream(gram.matrix()).flatMapToDouble(Arrays::stream).toArray();
      Libtorch.scoped(
          () ->
              assertClose(
                  "theta",
                  narrow(theta),
                  LibtorchNtk.theta(
                      set.placesIn(set.values()), name -> true, SAMPLES, this::expected),
                  bound));
    }
  }

  /** The outputs of one sample alone, summed. */
  private org.bytedeco.pytorch.Tensor expected(Map<String, org.bytedeco.pytorch.Tensor> w, int i) {
    int sample = TOKENS * WIDTH;
    float[] own = Arrays.copyOfRange(inputs, i * sample, (i + 1) * sample);
    int[] words = IntStream.of(CONDITIONS).skip(2L * i).limit(2).toArray();
    var condition =
        torch.silu(torch.embedding(w.get("table"), Libtorch.labels(words)).reshape(2 * WIDTH));
    var m = torch.linear(condition, w.get("adaptive")).reshape(3, WIDTH);
    var x = torch.linear(Libtorch.constant(own, TOKENS, WIDTH), w.get("time"));
    var none = new TensorOptional();
    var h =
        torch
            .layer_norm(x, new long[] {WIDTH}, none, none, EPSILON, false)
            .mul(m.select(0, 1).add(new Scalar(1.0)))
            .add(m.select(0, 0));
    var y = x.add(torch.linear(h, w.get("mixing")).mul(m.select(0, 2)));
    return torch.linear(y, w.get("head")).sum();
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void thetaIsTheGramOfLibtorchsGradients(Candidate candidate) {
    assertCloseToLibtorch(candidate, Precision.FP32, BOUND);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void inBfloat16ThetaIsClose(Candidate candidate) {
    assertCloseToLibtorch(candidate, Precision.BF16, BFLOAT16_BOUND);
  }
}
