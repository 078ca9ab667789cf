package dev.autoprog.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.nn.Initializer;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmaTest {
  private final ParameterSet.Builder builder = new ParameterSet.Builder();
  private final Parameter weight = builder.weight("weight", Initializer.constant(1), 3);

  /** With warm-up (1 + t)/(10 + t), until that is above the decay asked for. */
  @ParameterizedTest
  @CsvSource({
    "true, 0, 0.1",
    "true, 1, 0.18181818",
    "true, 8, 0.5",
    "true, 30, 0.775",
    "true, 90, 0.8",
    "false, 0, 0.8",
    "false, 1, 0.8",
    "false, 90, 0.8"
  })
  void anUpdateKeepsTheDecaysShare(boolean warmup, long step, float decay) {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32);
        AdamW optimizer = new AdamW(session, set, AdamW.Settings.DEFAULT)) {
      set.initialize(1);
      try (Ema average = new Ema(session, set, 0.8, warmup)) {
        weight.gradient().set(new float[] {-1, 2, 3});
        optimizer.step(step, 0.5, List.of(average));
        float[] now = weight.value().toFloats();
        for (int i = 0; i < now.length; i++) {
          assertThat(now[i]).isNotCloseTo(1, within(0.1f));
          assertThat(average.values().toFloats()[i])
              .isCloseTo(decay + (1 - decay) * now[i], within(1e-6f));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, Double.NaN})
  void aDecayThatIsNoneIsRefused(double decay) {
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32)) {
      assertThatThrownBy(() -> new Ema(session, set, decay, true))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a decay of " + decay + " is not in [0, 1)");
    }
  }
}
