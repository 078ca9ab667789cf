package dev.autoprog.optim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdamWTest {
  private final ParameterSet.Builder builder = new ParameterSet.Builder();
  private final Parameter early = builder.weight("early", Initializer.constant(1), 3);
  private final Parameter late = builder.weight("late", Initializer.constant(1), 3);

  private void steps(AdamW optimizer, int from, int to) {
    for (int step = from; step < to; step++) {
      gradients(step);
      optimizer.step(step, 0.01, List.of());
    }
  }

  private void gradients(int step) {
    for (Parameter parameter : List.of(early, late)) {
      parameter.gradient().set(new float[] {0.1f * step, -1, 2});
    }
  }

  /** Its bias correction begins with its first gradient, not with the run's. */
  @Test
  void whatIsUnfrozenLaterIsUpdatedAsByAFreshOptimizer() {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32);
        AdamW optimizer = new AdamW(session, set, AdamW.Settings.DEFAULT)) {
      set.initialize(1);
      late.trainable(false);
      steps(optimizer, 0, 20);
      assertThat(late.value().toFloats()).containsOnly(1);
      late.trainableSince(20);
      assertThat(set.trainableRanges()).hasSize(2);
      steps(optimizer, 20, 23);
      float[] unfrozen = late.value().toFloats();

      set.initialize(1);
      try (AdamW fresh = new AdamW(session, set, AdamW.Settings.DEFAULT)) {
        late.trainableSince(0);
        for (int step = 0; step < 3; step++) {
          gradients(20 + step);
          fresh.step(step, 0.01, List.of());
        }
      }
      assertThat(late.value().toFloats()).isEqualTo(unfrozen);
    }
  }

  @Test
  void neighboursThatHadAsManyUpdatesAreOneRange() {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32)) {
      assertThat(set.trainableRanges()).hasSize(1);
      late.trainableSince(4);
      assertThat(set.trainableRanges())
          .extracting(ParameterSet.Range::missedUpdates)
          .containsExactly(0L, 4L);
      late.trainableSince(0);
      assertThat(set.trainableRanges()).hasSize(1);
    }
  }
}
