package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MeasuresTest {
  @Test
  void aStepTakesWhatItTakesUndisturbedAndWarm() {
    List<Double> seconds = List.of(0.5, 0.1, 3.0, 2.0, 9.0);
    assertThat(seconds).hasSize(Measures.stepsFor(3));
    assertThat(Measures.seconds(seconds)).isEqualTo(2);
  }
}
