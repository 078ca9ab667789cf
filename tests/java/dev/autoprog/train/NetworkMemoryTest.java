package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Precision;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.testing.LimitedMemory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NetworkMemoryTest {
  private static final VitConfig SMALL = new VitConfig(12, 3, 1, 4, 16, 3, 2, 2.5);

  /** Gaps between parameters, which align them, are at most 15 numbers each. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void itIsWhatALearnerTakes(Precision precision) {
    RunConfig.Averages averages = RunConfig.DEFAULT.averages();
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      long before = session.allocatedBytes();
      try (Learner learner = learner(session, precision)) {
        long taken = session.allocatedBytes() - before;
        long told = new NetworkMemory(SMALL, precision, averages.decays().size(), false).bytes();
        int parameters = learner.model().parameters().all().size();
        assertThat(learner.model().parameters().count()).isEqualTo(SMALL.parameters());
        assertThat(taken).isBetween(told, told + 4096 + parameters * 15L * 4 * 9);

        learner.mark();
        long both = session.allocatedBytes() - before;
        told = new NetworkMemory(SMALL, precision, averages.decays().size(), true).bytes();
        assertThat(both).isBetween(told, told + 4096 + parameters * 15L * 4 * 16);
        learner.rewind();
        assertThat(session.allocatedBytes() - before).isEqualTo(taken);
      }
    }
  }

  /** Wherever on the way the memory ends, all that was taken is given back. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void aLearnerThatDoesNotFitTakesNothing(Precision precision) throws Exception {
    int averages = RunConfig.DEFAULT.averages().decays().size();
    long whole = new NetworkMemory(SMALL, precision, averages, false).bytes();
    LimitedMemory memory = new LimitedMemory();
    try (Session session = memory.open()) {
      for (int part = 0; part < 16; part++) {
        memory.leave(whole * part / 16);
        assertThatThrownBy(() -> learner(session, precision))
            .isInstanceOf(DeviceMemoryException.class);
        assertThat(session.allocatedBytes()).as("%d/16 of it", part).isZero();
      }
    }
  }

  @Test
  void aLearnerThatHasNoRoomToGrowStaysAsItWas() throws Exception {
    int averages = RunConfig.DEFAULT.averages().decays().size();
    long grown = new NetworkMemory(SMALL.withDepth(4), Precision.FP32, averages, false).bytes();
    LimitedMemory memory = new LimitedMemory();
    try (Session session = memory.open()) {
      try (Learner learner = learner(session, Precision.FP32)) {
        long before = session.allocatedBytes();
        for (int part = 0; part < 16; part++) {
          memory.leave(grown * part / 16);
          assertThatThrownBy(() -> learner.grow(GrowthOperator.STACK.map(3, 4)))
              .isInstanceOf(DeviceMemoryException.class);
          assertThat(session.allocatedBytes()).as("%d/16 of it", part).isEqualTo(before);
        }
        memory.leave(2 * grown);
        learner.grow(GrowthOperator.STACK.map(3, 4));
        assertThat(learner.depth()).isEqualTo(4);
      }
      assertThat(session.allocatedBytes()).isZero();
    }
  }

  private static Learner learner(Session session, Precision precision) {
    return new Learner(
        session,
        VisionTransformer.create(session, SMALL, precision, 1),
        dev.autoprog.optim.AdamW.Settings.DEFAULT,
        RunConfig.DEFAULT.averages(),
        RunConfig.Moments.COPY,
        1);
  }

  /** One and a half times the machine's memory in weights alone. */
  @Test
  void aNetworkThatDoesNotFitIsRefusedWithTheDepthThatWould() throws Exception {
    VitConfig block = new VitConfig(12, 3, 1, 4, 1024, 1, 8, 4);
    long bytesOfBlock = 4 * (block.withDepth(2).parameters() - block.parameters());
    int depth = (int) (1.5 * machineBytes() / bytesOfBlock);
    RunConfig config =
        TinyRuns.config(
            "backend=cpu",
            "model.width=1024",
            "model.heads=8",
            "model.depth=" + depth,
            "model.mlp_ratio=4");
    try (Session session = Session.open(Backend.named("cpu"), 1)) {
      RunSetup setup = RunSetup.of(session, config, TinyRuns.IMAGES);
      Assumptions.assumeTrue(refuses(session, (long) (1.5 * machineBytes())));
      assertThatThrownBy(() -> setup.newLearner(depth))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("a network of " + depth + " blocks: it takes")
          .hasMessageMatching("(?s).*expected at most \\d+ blocks, which would fit.*");

      try (Learner small = setup.newLearner(1)) {
        assertThatThrownBy(() -> setup.grow(small, GrowthOperator.STACK.map(1, depth)))
            .isInstanceOf(InputException.class)
            .hasMessageContaining("a network of " + depth + " blocks");
      }
    }
  }

  /** A system may promise more memory than it has. */
  private static boolean refuses(Session session, long bytes) {
    try {
      session.device().allocate(bytes).close();
      return false;
    } catch (DeviceMemoryException e) {
      return true;
    }
  }

  private static long machineBytes() {
    return ((com.sun.management.OperatingSystemMXBean)
            java.lang.management.ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }
}
