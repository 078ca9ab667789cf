package dev.autoprog.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Memory;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.GuardedTensors;
import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.KernelCall.Argument;
import dev.autoprog.testing.KernelCall.Role;
import dev.autoprog.testing.RandomData;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel, every argument: what must not reach a backend is refused with what is wrong. */
class CheckedKernelsTest {
  private static final Set<String> NULLABLE =
      Set.of(
          "linearCombination.z",
          "linearForward.bias",
          "linearForward.base",
          "linearGeluForward.bias",
          "linearGeluForward.slope",
          "linearBackwardInput.scale",
          "linearBackwardWeight.dBias",
          "layerNormBackward.base",
          "residualForward.scale",
          "convolutionForward.bias",
          "convolutionBackwardWeight.dBias",
          "groupNormBackward.base",
          "split.a",
          "split.b",
          "geluForward.slope",
          "modulatedNormBackward.base",
          "modulatedNormBackward.dx",
          "modulatedNormBackward.dModulation",
          "gateBackward.dBranch",
          "gateBackward.dModulation",
          "adamW.rounded");

  /**
   * Arguments that fix a size themselves: another one is right, or wrong in what it is set beside.
   */
  private static final Set<String> OF_ANY_SIZE =
      Set.of(
          "fill.x",
          "add.a",
          "linearCombination.x",
          "addExponential.x",
          "clamp.x",
          "convert.from",
          "geluForward.x",
          "geluBackward.slope",
          "siluForward.x",
          "siluBackward.x",
          "sumOfSquares.x",
          "adamW.g",
          "zicoUpdate.g",
          "zicoReduce.magnitude",
          "copySegments.from",
          "copySegments.to");

  private final Session session = Session.open(Backend.named("reference"));

  static List<KernelCall> calls() {
    return KernelCalls.ofEveryKernel(RandomData.of("checked"));
  }

  @AfterEach
  void close() {
    session.close();
  }

  @Test
  void theCallsCoverTheContract() {
    Set<String> contract = new TreeSet<>();
    for (Method method : Kernels.class.getMethods()) {
      if (!Modifier.isStatic(method.getModifiers())) {
        contract.add(method.getName());
      }
    }
    assertThat(calls().stream().map(KernelCall::kernel))
        .containsExactlyInAnyOrderElementsOf(contract);
  }

  @ParameterizedTest
  @MethodSource("calls")
  void acceptsWhatIsRight(KernelCall call) {
    try (GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      call.run(session.kernels(), tensors);
      tensors.assertNothingElseTouched();
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesNull(KernelCall call) {
    for (Argument argument : call.arguments()) {
      if (!NULLABLE.contains(call + "." + argument.name())) {
        assertRefused(call, argument, old -> null)
            .hasMessageContaining(argument.name() + " is null, expected a tensor");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesAnotherSize(KernelCall call) {
    for (Argument argument : call.arguments()) {
      if (!OF_ANY_SIZE.contains(call + "." + argument.name())) {
        long wrong = argument.elements() == 1 ? 2 : argument.elements() - 1;
        assertRefused(call, argument, old -> session.allocate(old.dtype(), Shape.of(wrong)))
            .hasMessageContaining(argument.name() + " is ")
            .hasMessageContaining(argument.dtype() + "(" + wrong + ")")
            .hasMessageContaining("expected " + argument.elements() + " elements");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesAnotherType(KernelCall call) {
    for (Argument argument : call.arguments()) {
      DType wrong = argument.values() instanceof float[] ? DType.INT32 : DType.UINT8;
      if (argument.dtype() != wrong) {
        assertRefused(call, argument, old -> session.allocate(wrong, Shape.of(old.elements())))
            .hasMessageContaining(argument.name() + " is " + wrong)
            .hasMessageMatching("(?s).*expected .*" + argument.dtype() + ".*");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesBfloat16WhereTheOthersAreNot(KernelCall call) {
    for (Argument argument : call.arguments()) {
      boolean alone = call.typed().equals(Set.of(argument.name()));
      if (argument.dtype() == DType.FLOAT32 && !alone && !call.kernel().equals("convert")) {
        assertRefused(
                call, argument, old -> session.allocate(DType.BFLOAT16, Shape.of(old.elements())))
            .hasMessageContaining("the only type that this call takes");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesTensorsOfAnotherSession(KernelCall call) {
    try (Session other = Session.open(Backend.named("reference"))) {
      for (Argument argument : call.arguments()) {
        assertRefused(call, argument, old -> other.allocate(old.dtype(), Shape.of(old.elements())))
            .hasMessageContaining(argument.name() + " is ")
            .hasMessageContaining("this session's");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesTensorsThatAreOver(KernelCall call) {
    for (Argument argument : call.arguments()) {
      Shape shape = Shape.of(argument.elements());
      Tensor stale = session.arena().allocate(argument.dtype(), shape);
      session.arena().reset();
      assertThatThrownBy(() -> runWith(call, argument, stale))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("arena was reset");

      Tensor freed = session.allocate(argument.dtype(), shape);
      session.free(freed);
      assertThatThrownBy(() -> runWith(call, argument, freed))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesOutputsThatOverlapAnything(KernelCall call) {
    for (Argument written : call.arguments()) {
      for (Argument other : call.arguments()) {
        if (written.role() != Role.INPUT && other != written) {
          assertOverlapRefused(call, written, other);
        }
      }
    }
  }

  private void assertOverlapRefused(KernelCall call, Argument written, Argument other) {
    try (GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null);
        Memory memory = session.device().allocate(4096)) {
      Tensor first = Tensor.over(memory, 0, written.dtype(), Shape.of(written.elements()));
      long shift = Math.min(first.bytes() - 4, 4);
      tensors.replace(written.name(), first);
      tensors.replace(
          other.name(), Tensor.over(memory, shift, other.dtype(), Shape.of(other.elements())));
      assertThatThrownBy(() -> call.run(session.kernels(), tensors))
          .as("%s with %s in %s", call, written.name(), other.name())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(call + ": ")
          .hasMessageContaining("overlap");
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void refusesAnotherThread(KernelCall call) throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      Thread thread =
          new Thread(
              () -> thrown.set(catchThrowable(() -> call.run(session.kernels(), tensors))),
              "intruder");
      thread.start();
      thread.join();
      tensors.assertNothingElseTouched();
    }
    assertThat(thrown.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("intruder");
  }

  @Test
  void outputsMayBeInputsOnlyAsAWhole() {
    Tensor both = session.zeros(Shape.of(9));
    Tensor front = both.rows(0, 8);
    Tensor back = both.rows(1, 9);
    session.kernels().add(front, session.zeros(Shape.of(8)), front);
    assertThatThrownBy(() -> session.kernels().add(front, front, back))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("add: out is FLOAT32(8)")
        .hasMessageContaining("overlap");
  }

  @Test
  void refusesShapesWhoseProductsOverflow() {
    Tensor four = session.zeros(Shape.of(4));
    long huge = (1L << 62) + 1;
    assertThatThrownBy(
            () ->
                session
                    .kernels()
                    .linearBackwardInput(new LinearShape(huge, 4, 4), four, four, null, four))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too large");
    assertThatThrownBy(
            () -> session.kernels().sumRows(new RowsShape(5, 1, 1L << 62), four, four.rows(0, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too large");
  }

  @Test
  void refusesRowsWithGapsWhereTheyMustBeDense() {
    RowsShape gaps = new RowsShape(2, 3, 4);
    Tensor x = session.zeros(Shape.of(6));
    Tensor y = session.zeros(Shape.of(6));
    Tensor rows = session.zeros(Shape.of(2));
    assertThatThrownBy(() -> session.kernels().residualBackward(gaps, x, rows, y))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("residualBackward: shape is " + gaps)
        .hasMessageContaining("rows without gaps");
  }

  @Test
  void refusesChunksThatAreNotThere() {
    ModulationShape s = new ModulationShape(1, 1, 2, 2);
    Tensor x = session.zeros(Shape.of(2));
    Tensor y = session.zeros(Shape.of(2));
    Tensor m = session.zeros(Shape.of(4));
    Tensor mean = session.zeros(Shape.of(1));
    Tensor rstd = session.zeros(Shape.of(1));
    Kernels kernels = session.kernels();
    assertThatThrownBy(() -> kernels.gateForward(s, 2, x, y, m, y))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("gateForward: gate is 2, expected one of the chunks 0 to 1");
    assertThatThrownBy(() -> kernels.modulatedNormForward(s, -1, 0, 1e-6f, x, m, y, mean, rstd))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("shift is -1");
    assertThatThrownBy(() -> kernels.modulatedNormForward(s, 1, 1, 1e-6f, x, m, y, mean, rstd))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scale is 1, expected another chunk than shift");
    assertThatThrownBy(() -> kernels.addToTokens(s, x, m, y))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected one chunk");
  }

  @Test
  void refusesTimestepsWithoutRoomOrPeriod() {
    Tensor t = session.zeros(Shape.of(1));
    Tensor y = session.zeros(Shape.of(2));
    assertThatThrownBy(() -> session.kernels().timestepEmbedding(1, 1, 1e4f, t, y.rows(0, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("width is 1, expected 2 or more");
    assertThatThrownBy(() -> session.kernels().timestepEmbedding(1, 2, Float.NaN, t, y))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxPeriod is NaN");
  }

  @Test
  void refusesAveragesWithoutDecayAndTooMany() {
    Function<Integer, Tensor> fresh = i -> session.zeros(Shape.of(2));
    List<Tensor> five = IntStream.range(0, 5).boxed().map(fresh).toList();
    assertAdamWRefused(five.subList(0, 2), 4, "rates");
    assertAdamWRefused(five, 8, "at most 4");
  }

  private void assertAdamWRefused(List<Tensor> emas, int rates, String message) {
    Tensor[] t = new Tensor[4];
    Arrays.setAll(t, i -> session.zeros(Shape.of(2)));
    Tensor norm = session.zeros(Shape.of(1));
    assertThatThrownBy(
            () ->
                session
                    .kernels()
                    .adamW(
                        OptimizerKernelCalls.clippedAt(1),
                        session.zeros(Shape.of(rates)),
                        t[0],
                        t[1],
                        t[2],
                        t[3],
                        norm,
                        emas,
                        null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("adamW: ")
        .hasMessageContaining(message);
  }

  @Test
  void refusesSegmentsOutsideTheirBuffersOrOverEachOther() {
    assertSegmentRefused(0, 0, 6, "segment 0 is 6 elements from 0 to 0");
    assertSegmentRefused(-1, 0, 2, "from -1");
    assertSegmentRefused(0, -1, 2, "to -1");
    assertSegmentRefused(4, 0, 2, "inside buffers of 5 and 5");
    assertSegmentRefused(0, 4, 2, "inside buffers of 5 and 5");
    assertSegmentRefused(0, 0, -1, "-1 elements");
    assertSegmentRefused(Long.MAX_VALUE, 0, 1, "inside buffers of 5 and 5");
    assertSegmentRefused(0, Long.MAX_VALUE, 1, "inside buffers of 5 and 5");

    Segments overlapping = new Segments(new long[] {0, 2}, new long[] {3, 1}, new long[] {2, 3});
    assertCopyRefused(overlapping, "segment 0 is 2 elements from 0 to 3");
  }

  private void assertSegmentRefused(long from, long to, long length, String message) {
    assertCopyRefused(
        new Segments(new long[] {from}, new long[] {to}, new long[] {length}), message);
  }

  private void assertCopyRefused(Segments segments, String message) {
    Tensor from = session.zeros(Shape.of(5));
    Tensor to = session.zeros(Shape.of(5));
    assertThatThrownBy(() -> session.kernels().copySegments(segments, from, to))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("copySegments: ")
        .hasMessageContaining(message);
  }

  private AbstractThrowableAssert<?, ?> assertRefused(
      KernelCall call, Argument argument, Function<Tensor, Tensor> other) {
    try (GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      tensors.replace(argument.name(), other.apply(tensors.get(argument.name())));
      return assertThat(catchThrowable(() -> call.run(session.kernels(), tensors)))
          .as("%s, %s", call, argument.name())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(call + ": ");
    }
  }

  private void runWith(KernelCall call, Argument argument, Tensor tensor) {
    try (GuardedTensors tensors = new GuardedTensors(session.device(), call, 0, null)) {
      tensors.replace(argument.name(), tensor);
      call.run(session.kernels(), tensors);
    }
  }
}
