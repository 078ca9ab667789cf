package dev.autoprog.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.kernel.ConvolutionShape;
import dev.autoprog.kernel.EmbeddingShape;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.GroupShape;
import dev.autoprog.kernel.LinearShape;
import dev.autoprog.kernel.PositionShape;
import dev.autoprog.kernel.RowsShape;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.LayerNorm;
import dev.autoprog.nn.Linear;
import dev.autoprog.nn.Mlp;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.RandomData;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TapeTest {
  private final Session session = Session.open(Backend.named("reference"));
  private final RecordingSink sink = new RecordingSink();

  @AfterEach
  void close() {
    session.close();
  }

  private Tensor random(long... dims) {
    Tensor tensor = session.allocate(DType.FLOAT32, Shape.of(dims));
    return tensor.set(RandomData.of("tape", tensor.shape()).gaussian(tensor.elements()));
  }

  private static float[] scaled(Tensor tensor, float factor) {
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    return values;
  }

  @Test
  void aVariableThatIsReadTwiceGetsBothGradients() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Parameter weight = builder.weight("w", Initializer.constant(1), 4, 4);
    ParameterSet set = builder.allocate(session, Precision.FP32);
    set.initialize(1);
    Tape tape = Tape.recording(session);
    Tensor dy = random(3, 4);
    Variable x =
        Operations.linear(tape, tape.constant(random(3, 4)), weight, null, null, DType.FLOAT32);
    Variable y = Operations.residual(tape, Operations.residual(tape, x, x, null), x, null);
    tape.backward(y, dy, sink);
    assertThat(sink.linearGradient).isEqualTo(scaled(dy, 3));
    assertThat(dy.toFloats()).as("the seed stays").isEqualTo(random(3, 4).toFloats());
  }

  @Test
  void whatWasNotComputedOnItOrWasRunBackwardIsRefused() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Linear layer = new Linear(builder, 4, 4);
    builder.allocate(session, Precision.FP32).initialize(1);
    Tape tape = Tape.recording(session);
    Tape other = Tape.recording(session);
    Variable y = layer.forward(tape, tape.constant(random(3, 4)));
    Tensor dy = random(3, 4);
    String expected = "is not a result of this tape, or a backward pass has used it up";
    assertThatThrownBy(() -> other.backward(y, dy, sink))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(expected);
    tape.backward(y, dy, sink);
    assertThatThrownBy(() -> tape.backward(y, dy, sink))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(expected);
  }

  @Test
  void aResidualOfAFloat32ResultGetsItsGradientInItsOwnType() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Parameter below = builder.weight("below", Initializer.constant(1), 4, 4);
    Parameter above = builder.weight("above", Initializer.constant(1), 4, 4);
    ParameterSet set = builder.allocate(session, Precision.BF16);
    set.initialize(1);
    Tape tape = Tape.recording(session);
    Tensor input = session.allocate(DType.BFLOAT16, Shape.of(3, 4));
    session.kernels().convert(random(3, 4), input);
    Variable x = Operations.linear(tape, tape.constant(input), below, null, null, DType.BFLOAT16);
    Variable y = Operations.linear(tape, x, above, null, x, DType.FLOAT32);
    assertThat(y.value().dtype()).isEqualTo(DType.FLOAT32);
    Tensor dy = session.allocate(DType.FLOAT32, Shape.of(3, 4)).set(new float[12]);
    session.kernels().fill(dy, 1);
    tape.backward(y, dy, sink);
    // of each row, 1 by the residual and 4 by the product
    assertThat(sink.linearGradient).containsOnly(5f).hasSize(12);
  }

  @Test
  void frozenPartsGetNothingAndWhatIsBelowTheLowestTrainableIsNotRun() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Linear first = new Linear(builder.under("first"), 8, 8);
    LayerNorm norm = new LayerNorm(builder.under("norm"), 8);
    Linear last = new Linear(builder.under("last"), 8, 8);
    ParameterSet set = builder.allocate(session, Precision.FP32);
    set.initialize(1);
    set.all().forEach(p -> p.trainable(p.name().equals("last.weight")));
    Tape tape = Tape.recording(session);
    Variable x = tape.constant(random(3, 8));
    Variable y = last.forward(tape, norm.forward(tape, first.forward(tape, x)));
    Tensor dy = random(3, 8);
    long before = session.arena().peakBytes();
    tape.backward(y, dy, sink);
    assertThat(sink.calls).containsExactly("linear last.weight last.bias");
    assertThat(session.arena().peakBytes()).as("no gradient was computed").isEqualTo(before);
  }

  @Test
  void aFrozenNormInTheMiddleHandsItsGradientOn() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Linear first = new Linear(builder.under("first"), 8, 8);
    LayerNorm norm = new LayerNorm(builder.under("norm"), 8);
    ParameterSet set = builder.allocate(session, Precision.FP32);
    set.initialize(1);
    set.named("norm.weight").trainable(false);
    Tape tape = Tape.recording(session);
    Variable y = norm.forward(tape, first.forward(tape, tape.constant(random(3, 8))));
    tape.backward(y, random(3, 8), sink);
    assertThat(sink.calls)
        .containsExactly("norm norm.weight norm.bias", "linear first.weight first.bias");

    Tape again = Tape.recording(session);
    Variable z = norm.forward(again, first.forward(again, again.constant(random(3, 8))));
    again.backward(z, random(3, 8), set.accumulator());
    assertThat(set.named("norm.weight").gradient().toFloats()).containsOnly(0f);
    assertThat(set.named("norm.bias").gradient().toFloats()).doesNotContain(0f);
  }

  @Test
  void theBackwardPassGivesBackAllButTheOutputAsItGoes() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    List<Mlp> layers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      layers.add(new Mlp(builder.under("layer" + i), 64, 64, Gelu.ERF));
    }
    ParameterSet set = builder.allocate(session, Precision.FP32);
    set.initialize(1);
    Tape tape = Tape.recording(session);
    Variable x = tape.constant(random(4, 64));
    Tensor dy = random(4, 64);
    long bytes = x.value().bytes();
    for (Mlp layer : layers) {
      x = layer.forward(tape, x, null);
    }
    assertThat(session.arena().usedBytes()).isEqualTo(24 * bytes);
    tape.backward(x, dy, set.accumulator());
    assertThat(session.arena().usedBytes()).as("the output").isEqualTo(bytes);
    assertThat(session.arena().peakBytes()).as("two gradients more").isEqualTo(26 * bytes);
    assertThat(x.value().toFloats()).isNotEmpty();
  }

  @Test
  void anInferenceTapeRecordsNothing() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Linear layer = new Linear(builder, 8, 8);
    builder.allocate(session, Precision.FP32).initialize(1);
    Tape tape = Tape.inference(session);
    Variable y = layer.forward(tape, tape.constant(random(3, 8)));
    assertThat(y.requiresGradient()).isFalse();
    assertThatThrownBy(() -> tape.backward(y, random(3, 8), sink))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("inference");
  }

  /** Notes what it is called with. */
  private static final class RecordingSink implements GradientSink {
    private final List<String> calls = new ArrayList<>();
    private float[] linearGradient;

    private static String name(Variable parameter) {
      return ((Parameter) parameter).name();
    }

    @Override
    public void linear(Variable weight, Variable bias, LinearShape shape, Tensor x, Tensor dy) {
      calls.add("linear " + name(weight) + (bias == null ? "" : " " + name(bias)));
      linearGradient = dy.toFloats();
    }

    @Override
    public void broadcast(Variable parameter, RowsShape shape, Tensor dy) {
      calls.add("sum " + name(parameter));
    }

    @Override
    public void layerNorm(
        Variable gain,
        Variable bias,
        RowsShape shape,
        Tensor x,
        Tensor mean,
        Tensor rstd,
        Tensor dy) {
      calls.add("norm " + name(gain) + " " + name(bias));
    }

    @Override
    public void convolution(
        Variable weight, Variable bias, ConvolutionShape shape, Tensor x, Tensor dy) {
      calls.add("convolution " + name(weight) + (bias == null ? "" : " " + name(bias)));
    }

    @Override
    public void groupNorm(
        Variable gain,
        Variable bias,
        GroupShape shape,
        boolean silu,
        Tensor x,
        Tensor mean,
        Tensor rstd,
        Tensor dy) {
      calls.add("group norm " + name(gain) + " " + name(bias));
    }

    @Override
    public void resizedPositions(
        Variable positions, PositionShape resize, RowsShape samples, Tensor dy) {
      calls.add("positions " + name(positions));
    }

    @Override
    public void embedding(Variable table, EmbeddingShape shape, Tensor indices, Tensor dy) {
      calls.add("embedding " + name(table));
    }
  }
}
