package dev.autoprog.autograd;

import static dev.autoprog.testing.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Backend;
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
import dev.autoprog.testing.LibtorchMaps;
import dev.autoprog.testing.RandomData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of each operation by all that it reads, against libtorch's autograd. */
class ConvolutionOperationsTest {
  private static final double BOUND = 2e-5;
  private static final float EPSILON = 1e-5f;
  private static final long[] MAP = {2, 6, 5, 8};

  /** An operation here and there, on maps {@code x} and {@code z} and its parameters. */
  private record Case(String name, Map<String, long[]> parameters, Ours ours, Theirs theirs) {
    @Override
    public String toString() {
      return name;
    }
  }

  private interface Ours {
    Variable of(Tape tape, Variable x, Variable z, ParameterSet parameters);
  }

  private interface Theirs {
    org.bytedeco.pytorch.Tensor of(Map<String, org.bytedeco.pytorch.Tensor> variables);
  }

  private static final Map<String, long[]> KERNEL =
      Map.of("weight", new long[] {7, 8, 3, 3}, "bias", new long[] {7});
  private static final Map<String, long[]> NORM =
      Map.of("weight", new long[] {8}, "bias", new long[] {8});

  static Stream<Arguments> cases() {
    return Candidate.times(
        List.of(
            convolution("convolution", 1, true),
            convolution("convolution of every second pixel, without bias", 2, false),
            groupNorm("group norm", false),
            groupNorm("group norm with SiLU", true),
            new Case(
                "upsample",
                Map.of(),
                (tape, x, z, p) -> ConvolutionOperations.upsample(tape, x),
                v -> LibtorchMaps.upsample(v.get("x"))),
            new Case(
                "concatenate",
                Map.of(),
                (tape, x, z, p) -> ConvolutionOperations.concatenate(tape, z, x),
                v -> torch.cat(new TensorVector(v.get("z"), v.get("x")), 3)),
            new Case(
                "concatenate a map with itself",
                Map.of(),
                (tape, x, z, p) -> ConvolutionOperations.concatenate(tape, x, x),
                v -> torch.cat(new TensorVector(v.get("x"), v.get("x")), 3)),
            new Case(
                "residual around a norm of tokens",
                NORM,
                (tape, x, z, p) -> {
                  Variable tokens = ConvolutionOperations.reshape(tape, x, 2, 30, 8);
                  Variable normed =
                      ConvolutionOperations.groupNorm(
                          tape, tokens, p.named("weight"), p.named("bias"), 2, EPSILON, true);
                  Variable sum = Operations.residual(tape, tokens, normed, null);
                  return ConvolutionOperations.reshape(tape, sum, MAP);
                },
                v ->
                    v.get("x")
                        .add(
                            LibtorchMaps.groupNorm(
                                v.get("x"), v.get("weight"), v.get("bias"), 2, EPSILON, true)))));
  }

  private static Case convolution(String name, int stride, boolean biased) {
    return new Case(
        name,
        biased ? KERNEL : Map.of("weight", KERNEL.get("weight")),
        (tape, x, z, p) ->
            ConvolutionOperations.convolution(
                tape, x, p.named("weight"), p.named("bias"), stride, 1),
        v -> LibtorchMaps.convolution(v.get("x"), v.get("weight"), v.get("bias"), stride, 1));
  }

  private static Case groupNorm(String name, boolean silu) {
    return new Case(
        name,
        NORM,
        (tape, x, z, p) ->
            ConvolutionOperations.groupNorm(
                tape, x, p.named("weight"), p.named("bias"), 4, EPSILON, silu),
        v -> LibtorchMaps.groupNorm(v.get("x"), v.get("weight"), v.get("bias"), 4, EPSILON, silu));
  }

  private static ParameterSet parameters(Session session, Map<String, long[]> shapes) {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    builder.weight("unused", Initializer.constant(0), 1); // a set is never empty
    shapes.forEach((name, dims) -> builder.weight(name, Initializer.constant(0), dims));
    ParameterSet set = builder.allocate(session, Precision.FP32);
    for (Parameter p : set.all()) {
      p.value().set(RandomData.of("parameter", p.name()).gaussian(p.value().elements()));
    }
    set.valuesChanged();
    return set;
  }

  private static Tensor map(Session session, float[] values, Shape shape) {
    return session.allocate(DType.FLOAT32, shape).set(values);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAreThoseOfLibtorch(Candidate candidate, Case operation) {
    RandomData data = RandomData.of("convolution operations", operation.name());
    float[] xs = data.gaussian(Shape.of(MAP).elements());
    float[] zs = data.gaussian(xs.length);
    try (Session session = candidate.open();
        ParameterSet set = parameters(session, operation.parameters())) {
      Tape tape = Tape.recording(session);
      Variable x = tape.input(map(session, xs, Shape.of(MAP)), true);
      Variable z = tape.input(map(session, zs, Shape.of(MAP)), true);
      Variable y = operation.ours().of(tape, x, z, set);
      float[] result = y.value().toFloats();
      float[] seed = data.gaussian(result.length);
      Tensor dy = map(session, seed, y.value().shape());
      tape.backward(y, dy, set.accumulator());
      assertThat(y.value().toFloats()).as("the output stays").isEqualTo(result);

      Libtorch.scoped(
          () -> {
            Map<String, org.bytedeco.pytorch.Tensor> variables = new LinkedHashMap<>();
            variables.put("x", Libtorch.variable(xs, MAP));
            variables.put("z", Libtorch.variable(zs, MAP));
            operation
                .parameters()
                .forEach(
                    (name, dims) ->
                        variables.put(
                            name, Libtorch.variable(set.named(name).value().toFloats(), dims)));
            var expected = operation.theirs().of(variables);
            assertThat(y.value().shape().toArray()).isEqualTo(expected.sizes().vec().get());
            assertClose("y", result, Libtorch.values(expected), BOUND);
            Libtorch.backward(expected, seed);
            assertClose(
                "dx",
                tape.gradientSoFar(x).toFloats(),
                Libtorch.values(variables.get("x").grad()),
                BOUND);
            if (tape.gradientSoFar(z) != null) {
              assertClose(
                  "dz",
                  tape.gradientSoFar(z).toFloats(),
                  Libtorch.values(variables.get("z").grad()),
                  BOUND);
            }
            for (String name : operation.parameters().keySet()) {
              assertClose(
                  name,
                  set.named(name).gradient().toFloats(),
                  Libtorch.values(variables.get(name).grad()),
                  BOUND);
            }
          });
    }
  }

  /** What is frozen is not asked for, and what is trained does not depend on what else is. */
  @Test
  void frozenParametersGetNothing() {
    for (String frozen : List.of("weight", "bias")) {
      for (boolean norm : new boolean[] {false, true}) {
        String trained = frozen.equals("bias") ? "weight" : "bias";
        float[] alone = gradientOf(trained, frozen, norm);
        assertThat(alone).isEqualTo(gradientOf(trained, null, norm));
        assertThat(alone).doesNotContain(0f);
      }
    }
  }

  private static float[] gradientOf(String trained, String frozen, boolean norm) {
    try (Session session = Session.open(Backend.named(Candidate.nameOr("reference")));
        ParameterSet set = parameters(session, norm ? NORM : KERNEL)) {
      set.all().forEach(p -> p.trainable(!p.name().equals(frozen)));
      RandomData data = RandomData.of("frozen", norm);
      Tape tape = Tape.recording(session);
      Variable x =
          tape.constant(map(session, data.gaussian(Shape.of(MAP).elements()), Shape.of(MAP)));
      Case operation = norm ? groupNorm("norm", true) : convolution("convolution", 1, true);
      Variable y = operation.ours().of(tape, x, x, set);
      Tensor dy = map(session, data.gaussian(y.value().elements()), y.value().shape());
      Accumulate sink =
          new Accumulate(
              session,
              variable -> {
                assertThat(variable.requiresGradient()).isTrue();
                return ((Parameter) variable).gradient();
              });
      tape.backward(y, dy, sink);
      return set.named(trained).gradient().toFloats();
    }
  }
}
