package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasuresTest {
  @Test
  void aStepTakesWhatItTakesUndisturbedAndWarm() {
    List<Double> seconds = List.of(0.5, 0.1, 3.0, 2.0, 9.0);
    assertThat(Measures.isEnough(seconds, 3)).isTrue();
    assertThat(Measures.seconds(seconds)).isEqualTo(2);
  }

  @Test
  void quickStepsAreTakenForAWhile() {
    assertThat(Measures.isEnough(Collections.nCopies(4, 0.2), 3)).isFalse();
    assertThat(Measures.isEnough(Collections.nCopies(5, 0.2), 3)).isTrue();
    assertThat(Measures.isEnough(Collections.nCopies(49, 0.01), 3)).isFalse();
    assertThat(Measures.isEnough(Collections.nCopies(51, 0.01), 3)).isTrue();
  }
}
