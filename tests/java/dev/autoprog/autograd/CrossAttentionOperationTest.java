package dev.autoprog.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Session;
import dev.autoprog.nn.Linear;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.Closeness;
import dev.autoprog.testing.Libtorch;
import dev.autoprog.testing.RandomData;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Operations#crossAttention} between linear layers: every gradient against libtorch's. */
class CrossAttentionOperationTest {
  private static final int BATCH = 2;
  private static final int QUERIES = 9;
  private static final int KEYS = 5;
  private static final int HEADS = 2;
  private static final int WIDTH = 16;
  private static final int TEXT = 12;

  static Stream<Candidate> candidates() {
    return Candidate.all().stream();
  }

  private static float[] image() {
    return RandomData.of("cross image").gaussian(BATCH * QUERIES * WIDTH);
  }

  private static float[] text() {
    return RandomData.of("cross text").gaussian(BATCH * KEYS * TEXT);
  }

  private static float[] seed() {
    return RandomData.of("cross seed").gaussian(BATCH * QUERIES * WIDTH);
  }

  /** The layer for queries, and that for keys and values. */
  private record Layers(Linear queries, Linear others, ParameterSet set) {
    static Layers in(Session session) {
      ParameterSet.Builder builder = new ParameterSet.Builder();
      Linear queries = new Linear(builder.under("q"), WIDTH, WIDTH);
      Linear others = new Linear(builder.under("kv"), TEXT, 2 * WIDTH);
      ParameterSet set = builder.allocate(session, Precision.FP32);
      for (Parameter parameter : set.all()) {
        long n = parameter.shape().elements();
        parameter.value().set(RandomData.of("cross", parameter.name()).uniform(n, -0.5, 0.5));
      }
      return new Layers(queries, others, set);
    }

    /** Runs forward and backward, and returns the output. */
    float[] run(Session session) {
      Tape tape = Tape.recording(session);
      Variable x = tape.constant(filled(session, image(), BATCH, QUERIES, WIDTH));
      Variable t = tape.constant(filled(session, text(), BATCH, KEYS, TEXT));
      Variable q = queries.forward(tape, x);
      Variable out = Operations.crossAttention(tape, q, others.forward(tape, t), HEADS);
      tape.backward(out, filled(session, seed(), BATCH, QUERIES, WIDTH), set.accumulator());
      return out.value().toFloats();
    }
  }

  private static Tensor filled(Session session, float[] values, long... dims) {
    return session.allocate(DType.FLOAT32, Shape.of(dims)).set(values);
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void gradientsAreLibtorchs(Candidate candidate) {
    try (Session session = candidate.open()) {
      Layers layers = Layers.in(session);
      float[] found = layers.run(session);
      Libtorch.scoped(
          () -> {
            List<Parameter> parameters = layers.set.all();
            List<org.bytedeco.pytorch.Tensor> theirs =
                parameters.stream()
                    .map(p -> Libtorch.variable(p.value().toFloats(), p.shape().toArray()))
                    .toList();
            var x = Libtorch.constant(image(), BATCH, QUERIES, WIDTH);
            var t = Libtorch.constant(text(), BATCH, KEYS, TEXT);
            var q = linear(x, parameters, theirs, "q").view(BATCH, QUERIES, HEADS, -1);
            var kv = linear(t, parameters, theirs, "kv").view(BATCH, KEYS, 2, HEADS, -1);
            var out =
                torch
                    .scaled_dot_product_attention(
                        q.transpose(1, 2),
                        kv.select(2, 0).transpose(1, 2),
                        kv.select(2, 1).transpose(1, 2))
                    .transpose(1, 2)
                    .reshape(BATCH, QUERIES, WIDTH);
            Closeness.assertClose("output", found, Libtorch.values(out), 1e-5);
            Libtorch.backward(out, seed());
            for (int i = 0; i < parameters.size(); i++) {
              Closeness.assertClose(
                  parameters.get(i).name(),
                  parameters.get(i).gradient().toFloats(),
                  Libtorch.values(theirs.get(i).grad()),
                  1e-5);
            }
          });
    }
  }

  private static org.bytedeco.pytorch.Tensor linear(
      org.bytedeco.pytorch.Tensor x,
      List<Parameter> parameters,
      List<org.bytedeco.pytorch.Tensor> theirs,
      String layer) {
    List<String> names = parameters.stream().map(Parameter::name).toList();
    return torch.linear(
        x,
        theirs.get(names.indexOf(layer + ".weight")),
        new TensorOptional(theirs.get(names.indexOf(layer + ".bias"))));
  }

  @ParameterizedTest
  @MethodSource("candidates")
  void eitherSideMayBeFrozen(Candidate candidate) {
    try (Session session = candidate.open()) {
      Layers all = Layers.in(session);
      all.run(session);
      for (String frozen : List.of("q.", "kv.")) {
        Layers layers = Layers.in(session);
        layers.set.all().forEach(p -> p.trainable(!p.name().startsWith(frozen)));
        long before = session.arena().usedBytes();
        layers.run(session);
        assertThat(session.arena().usedBytes() - before)
            .as("bytes that stay: the output's")
            .isEqualTo(4L * BATCH * QUERIES * WIDTH);
        for (Parameter p : layers.set.all()) {
          float[] gradient = p.gradient().toFloats();
          if (p.name().startsWith(frozen)) {
            assertThat(gradient).containsOnly(0f);
          } else {
            assertThat(gradient).isEqualTo(all.set.named(p.name()).gradient().toFloats());
          }
        }
      }
    }
  }
}
