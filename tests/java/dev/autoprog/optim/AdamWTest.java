package dev.autoprog.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** Loshchilov and Hutter 2019, algorithm 2, without a schedule multiplier. */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0})
  void aStepIsThePublishedUpdateOfClippedGradients(double maxNorm) {
    AdamW.Settings settings = new AdamW.Settings(0.8, 0.7, 0.01, 0.3, maxNorm);
    Parameter bias = builder.free("bias", Initializer.constant(1), 1);
    double[] w = {1, 1, 1, 1};
    double[] m = new double[4];
    double[] v = new double[4];
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32);
        AdamW optimizer = new AdamW(session, set, settings)) {
      set.initialize(1);
      late.trainable(false);
      for (int step = 0; step < 4; step++) {
        float[] g = {0.1f * step, -1, 2, 0.5f};
        early.gradient().set(Arrays.copyOf(g, 3));
        bias.gradient().set(new float[] {g[3]});
        double norm = Math.sqrt(g[0] * g[0] + 5.25);
        assertThat(optimizer.step(step, 0.05, List.of())).isCloseTo(norm, within(1e-5));
        double kept = maxNorm == 0 ? 1 : Math.min(1, maxNorm / norm);
        for (int i = 0; i < 4; i++) {
          m[i] = 0.8 * m[i] + 0.2 * kept * g[i];
          v[i] = 0.7 * v[i] + 0.3 * kept * g[i] * kept * g[i];
          double first = m[i] / (1 - Math.pow(0.8, step + 1));
          double second = v[i] / (1 - Math.pow(0.7, step + 1));
          double decay = i < 3 ? 0.3 * w[i] : 0;
          w[i] -= 0.05 * (first / (Math.sqrt(second) + 0.01) + decay);
          float now = i < 3 ? early.value().toFloats()[i] : bias.value().toFloats()[0];
          assertThat((double) now).isCloseTo(w[i], within(1e-5));
        }
      }
    }
  }
}
