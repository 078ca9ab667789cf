package dev.autoprog.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.testing.Candidate;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TrainedBufferTest {
  private final Session session = Session.open(Backend.named(Candidate.nameOr("auto")));
  private final ParameterSet.Builder builder = new ParameterSet.Builder();

  /** Odd sizes, so that there are gaps between them; the last without decay. */
  private final List<Parameter> parameters =
      List.of(
          builder.weight("a", Initializer.constant(1), 3, 5),
          builder.weight("b", Initializer.constant(1), 17),
          builder.weight("c", Initializer.constant(1), 2, 16),
          builder.free("d", Initializer.constant(1), 1));

  private final ParameterSet set = builder.allocate(session, Precision.FP32);
  private final TrainedBuffer buffer = new TrainedBuffer(session, set);

  @AfterEach
  void close() {
    buffer.close();
    set.close();
    session.close();
  }

  private static float[] numbers(Parameter parameter, int from) {
    float[] numbers = new float[(int) parameter.shape().elements()];
    IntStream.range(0, numbers.length).forEach(i -> numbers[i] = from + i);
    return numbers;
  }

  private void fillAll() {
    for (int i = 0; i < parameters.size(); i++) {
      buffer.of(parameters.get(i)).set(numbers(parameters.get(i), 100 * i + 1));
    }
  }

  private void train(boolean... trained) {
    IntStream.range(0, trained.length).forEach(i -> parameters.get(i).trainable(trained[i]));
    buffer.fit();
  }

  @Test
  void beforeItIsFittedItHasTheLayoutOfTheParameters() {
    fillAll();
    assertThat(buffer.values().shape()).isEqualTo(set.values().shape());
    for (Parameter p : parameters) {
      assertThat(set.placeIn(buffer.values(), p).toFloats()).isEqualTo(buffer.of(p).toFloats());
      assertThat(buffer.of(p).shape()).isEqualTo(p.shape());
    }
  }

  @Test
  void whatStaysTrainedKeepsItsNumbersWhatComesBeginsAtZero() {
    fillAll();
    train(false, true, false, true);
    assertThat(buffer.values().elements()).isEqualTo(32 + 16);
    assertThat(buffer.places()).containsOnlyKeys("b", "d");
    assertThat(buffer.of(parameters.get(1)).toFloats()).isEqualTo(numbers(parameters.get(1), 101));

    train(true, true, true, true);
    assertThat(buffer.values().shape()).isEqualTo(set.values().shape());
    assertThat(buffer.of(parameters.get(0)).toFloats()).containsOnly(0);
    assertThat(buffer.of(parameters.get(1)).toFloats()).isEqualTo(numbers(parameters.get(1), 101));
    assertThat(buffer.of(parameters.get(2)).toFloats()).containsOnly(0);
    assertThat(buffer.of(parameters.get(3)).toFloats()).containsExactly(301);
  }

  @Test
  void stretchesAreThoseOfTheParameters() {
    fillAll();
    train(true, false, true, true);
    List<ParameterSet.Range> ranges = set.trainableRanges();
    assertThat(ranges).hasSize(3);
    assertThat(buffer.of(ranges.get(0)).toFloats()).startsWith(numbers(parameters.get(0), 1));
    assertThat(buffer.of(ranges.get(1)).toFloats()).isEqualTo(numbers(parameters.get(2), 201));
    assertThat(buffer.of(ranges.get(2)).toFloats()).startsWith(301);
  }

  @Test
  void whatIsFrozenHasNoPlace() {
    train(true, false, true, true);
    assertThatThrownBy(() -> buffer.of(parameters.get(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("b(17)")
        .hasMessageContaining("frozen");
    parameters.get(1).trainable(true); // without fitting
    assertThatThrownBy(() -> buffer.of(set.trainableRanges().get(0)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void fittedAnewItForgets() {
    fillAll();
    parameters.get(2).trainable(false);
    buffer.fitAnew();
    assertThat(buffer.places()).containsOnlyKeys("a", "b", "d");
    assertThat(buffer.values().toFloats()).containsOnly(0);
  }

  @Test
  void itTakesNoMemoryBeforeItIsUsed() {
    long before = session.allocatedBytes();
    try (TrainedBuffer unused = new TrainedBuffer(session, set)) {
      unused.fit();
      assertThat(session.allocatedBytes()).isEqualTo(before);
      unused.values();
      assertThat(session.allocatedBytes()).isGreaterThan(before);
    }
    assertThat(session.allocatedBytes()).isEqualTo(before);
  }
}
