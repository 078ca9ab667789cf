package dev.autoprog.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import org.junit.jupiter.api.Test;

class ParameterSetTest {
  @Test
  void layersThatAreInASetAreNotPutIntoAnother() {
    ParameterSet.Builder builder = new ParameterSet.Builder();
    Parameter weight = builder.under("fc").weight("weight", Initializer.constant(2), 3, 5);
    try (Session session = Session.open(Backend.named("reference"));
        ParameterSet set = builder.allocate(session, Precision.FP32)) {
      set.initialize(1);
      long held = session.allocatedBytes();
      assertThatThrownBy(() -> builder.allocate(session, Precision.FP32))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("fc.weight")
          .hasMessageContaining("declare the layers anew");
      assertThat(session.allocatedBytes()).isEqualTo(held);
      assertThat(weight.value().toFloats()).containsOnly(2);
    }
  }
}
