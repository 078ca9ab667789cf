package dev.autoprog.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.autograd.Tape;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.testing.Candidate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Targets, and the cross entropy against them. */
class TargetsTest {
  private static final int[] LABELS = {0, 2, 1};

  static List<Candidate> candidates() {
    return Candidate.all();
  }

  @Test
  void theFirstIsMixedWithTheLast() {
    Targets mirrored = Targets.mirrored(LABELS, 0.75f);
    assertThat(mirrored.labels()).containsExactly(0, 2, 1);
    assertThat(mirrored.partners()).containsExactly(1, 2, 0);
    assertThat(mirrored.lambda()).isEqualTo(0.75f);
  }

  @Test
  void aShareOfOneNeedsNoPartners() {
    assertThat(Targets.mirrored(LABELS, 1).partners()).isNull();
  }

  @Test
  void aClassThatDoesNotExistIsRefused() {
    try (Session session = Session.open(Backend.named("reference"))) {
      Tape tape = Tape.inference(session);
      Tensor logits = tape.allocate(3, 2);
      assertThatThrownBy(() -> new CrossEntropy(tape, logits, LABELS, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the class of sample 1 is 2, expected one of 2, from 0 to 1");
      Targets mixed = new Targets(new int[] {0, 1, 1}, new int[] {1, 0, -1}, 0.5f);
      assertThatThrownBy(() -> new CrossEntropy(tape, logits, mixed, 0))
          .hasMessage("the class of sample 2 is -1, expected one of 2, from 0 to 1");
    }
  }

  @Test
  void whatDoesNotGoTogetherIsRefused() {
    assertRefused(() -> new Targets(LABELS, new int[2], 0.5f));
    assertRefused(() -> new Targets(LABELS, null, 0.5f));
    assertRefused(() -> new Targets(LABELS, LABELS, 1.5f));
    assertRefused(() -> new Targets(LABELS, LABELS, Float.NaN));
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable construction) {
    assertThatThrownBy(construction)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lambda");
  }

  /** Logits whose softmax is (1/2, 1/4, 1/4) in each row. */
  @ParameterizedTest
  @MethodSource("candidates")
  void theLossIsThatOfBothClassesByTheirShares(Candidate candidate) {
    float log2 = (float) Math.log(2);
    try (Session session = candidate.open()) {
      Tensor logits =
          session
              .allocate(DType.FLOAT32, Shape.of(3, 3))
              .set(new float[] {log2, 0, 0, log2, 0, 0, log2, 0, 0});
      Tape tape = Tape.recording(session);

      CrossEntropy mostlyOwn = new CrossEntropy(tape, logits, Targets.mirrored(LABELS, 0.75f), 0);
      // rows against 0 and 1, 2 alone, 1 and 0, in units of log 2
      assertThat(mostlyOwn.mean())
          .isCloseTo((0.75 + 0.25 * 2 + 2 + 0.75 * 2 + 0.25) / 3 * log2, within(1e-6));
      assertThat(mostlyOwn.correct()).isEqualTo(1);
      assertThat(mostlyOwn.gradient(1).toFloats())
          .containsExactly(
              new float[] {-0.25f, 0, 0.25f, 0.5f, 0.25f, -0.75f, 0.25f, -0.5f, 0.25f},
              within(1e-6f));

      CrossEntropy mostlyPartner =
          new CrossEntropy(tape, logits, new Targets(LABELS, new int[] {1, 1, 0}, 0.25f), 0);
      assertThat(mostlyPartner.correct()).isEqualTo(1); // the last
      CrossEntropy plain = new CrossEntropy(tape, logits, new int[] {0, 0, 1}, 0);
      assertThat(plain.correct()).isEqualTo(2);
    }
  }
}
