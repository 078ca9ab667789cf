package dev.autoprog.progressive.unfreeze;

import static dev.autoprog.progressive.unfreeze.UnfreezingPattern.CONTIGUOUS_TAIL;
import static dev.autoprog.progressive.unfreeze.UnfreezingPattern.INTERLEAVED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.progressive.unfreeze.UnfreezingSchedule.Stage;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class UnfreezingTest {
  /** Of DiT-XL's 28 blocks; the published program's prefixes train 7, 20, 26 and 28. */
  @Test
  void interleavedLevelsTrainAQuarterOfTheBlocksEach() {
    assertThat(INTERLEAVED.trained(28, 1)).containsExactly(0, 4, 8, 12, 16, 20, 24);
    for (int level = 1; level <= 4; level++) {
      assertThat(INTERLEAVED.trained(28, level)).hasSize(7 * level);
    }
    assertThat(INTERLEAVED.trained(6, 2)).containsExactly(0, 1, 4, 5);
  }

  @Test
  void theTailIsTheLastBlocks() {
    assertThat(CONTIGUOUS_TAIL.trained(28, 1)).containsExactly(21, 22, 23, 24, 25, 26, 27);
    assertThat(CONTIGUOUS_TAIL.trained(6, 1)).containsExactly(4, 5);
    assertThat(CONTIGUOUS_TAIL.trained(6, 2)).containsExactly(3, 4, 5);
    assertThat(CONTIGUOUS_TAIL.trained(1, 1)).containsExactly(0);
  }

  @Property
  void aHigherLevelTrainsWhatALowerOneDoesAndTheHighestAll(
      @ForAll UnfreezingPattern pattern,
      @ForAll @IntRange(min = 1, max = 60) int depth,
      @ForAll @IntRange(min = 1, max = 3) int level) {
    assertThat(pattern.trained(depth, level)).isNotEmpty();
    assertThat(pattern.trained(depth, level + 1)).containsAll(pattern.trained(depth, level));
    assertThat(pattern.trained(depth, 4)).hasSize(depth);
  }

  @Test
  void theManualScheduleRisesEvenlyToEverything() {
    UnfreezingSchedule schedule = UnfreezingSchedule.manual(32, 4, 1000, 4, 0.25);
    assertThat(schedule.stages())
        .containsExactly(
            new Stage(0, 0, 250, new Unfreezing(8, 1)),
            new Stage(1, 250, 250, new Unfreezing(16, 2)),
            new Stage(2, 500, 250, new Unfreezing(24, 3)),
            new Stage(3, 750, 250, new Unfreezing(32, 4)));
    assertThat(schedule.steps()).isEqualTo(1000);
    assertThat(UnfreezingSchedule.manual(32, 4, 10, 3, 1).stages())
        .extracting(stage -> stage.unfreezing().level())
        .containsExactly(2, 3, 4);
    assertThat(UnfreezingSchedule.manual(32, 4, 10, 1, 0.25))
        .isEqualTo(UnfreezingSchedule.full(32, 10));
  }

  @Property
  void aManualScheduleIsWhole(
      @ForAll @IntRange(min = 1, max = 8) int count,
      @ForAll @IntRange(min = 8, max = 999) int steps,
      @ForAll @IntRange(min = 1, max = 8) int step,
      @ForAll @IntRange(min = 1, max = 100) int percent) {
    UnfreezingSchedule schedule =
        UnfreezingSchedule.manual(8 * step, step, steps, count, percent / 100.0);
    assertThat(schedule.stages()).hasSize(count);
    assertThat(schedule.steps()).isEqualTo(steps);
    assertThat(schedule.last().unfreezing()).isEqualTo(new Unfreezing(8 * step, 4));
    assertThat(schedule.stages()).allMatch(s -> s.unfreezing().resolution() % step == 0);
  }

  @Test
  void schedulesThatFallOrEndEarlyAreRefused() {
    assertThatThrownBy(() -> schedule(new Unfreezing(16, 2), new Unfreezing(16, 1)))
        .hasMessageContaining("cannot follow step 5 at 16 px, level 2");
    assertThatThrownBy(() -> schedule(new Unfreezing(16, 2), new Unfreezing(8, 4)))
        .hasMessageContaining("cannot follow");
    assertThatThrownBy(() -> schedule(new Unfreezing(16, 2), new Unfreezing(16, 3)))
        .hasMessageContaining("the last stage is of level 3");
    assertThatThrownBy(() -> UnfreezingSchedule.manual(32, 4, 3, 4, 0.5))
        .hasMessageContaining("4 stages in 3 steps");
    assertThatThrownBy(() -> UnfreezingSchedule.manual(32, 4, 30, 4, 0))
        .hasMessageContaining("expected a share in (0, 1]");
    assertThatThrownBy(() -> new Unfreezing(16, 5)).hasMessageContaining("expected 1 to 4");
  }

  private static UnfreezingSchedule schedule(Unfreezing first, Unfreezing second) {
    return new UnfreezingSchedule(List.of(new Stage(0, 0, 5, first), new Stage(1, 5, 5, second)));
  }

  @Test
  void aSearchChoosesBetweenWhatIsThereAndTheNext() {
    UnfreezingSchedule manual = UnfreezingSchedule.manual(32, 4, 1000, 4, 0.25);
    assertThat(UnfreezingSpace.first(manual).candidates())
        .containsExactly(
            new Unfreezing(8, 1),
            new Unfreezing(8, 2),
            new Unfreezing(16, 1),
            new Unfreezing(16, 2));
    assertThat(UnfreezingSpace.next(manual, 1, new Unfreezing(8, 2)).candidates())
        .containsExactly(
            new Unfreezing(8, 2),
            new Unfreezing(8, 3),
            new Unfreezing(16, 2),
            new Unfreezing(16, 3));
    assertThat(UnfreezingSpace.next(manual, 2, new Unfreezing(32, 3)).candidates())
        .containsExactly(new Unfreezing(32, 3), new Unfreezing(32, 4));
    assertThat(UnfreezingSpace.next(manual, 3, new Unfreezing(16, 1)).candidates())
        .containsExactly(new Unfreezing(32, 4));
    UnfreezingSchedule one = UnfreezingSchedule.full(32, 10);
    assertThat(UnfreezingSpace.first(one).candidates()).containsExactly(new Unfreezing(32, 4));
  }

  @Test
  void imagesBearTheirStagesIdentifierOrNowAndThenNone() {
    StageIdentifier identifier = new StageIdentifier(4, 0.1);
    int[] drawn = identifier.ofBatch(2, 20_000, 7, 3);
    assertThat(Arrays.stream(drawn).distinct().sorted()).containsExactly(2, 4);
    // of 20 000 at 0.1, five standard deviations
    assertThat(Arrays.stream(drawn).filter(i -> i == identifier.none()).count())
        .isBetween(2000L - 212, 2000L + 212);
    assertThat(identifier.ofBatch(2, 20_000, 7, 3)).isEqualTo(drawn);
    assertThat(identifier.ofBatch(2, 20_000, 7, 4)).isNotEqualTo(drawn);
    assertThat(identifier.ofBatch(2, 20_000, 8, 3)).isNotEqualTo(drawn);
    assertThat(identifier.ofBatch(2, 20_000, 7 + (1L << 32), 3)).isNotEqualTo(drawn);
    assertThat(identifier.ofSamples(3, 2)).containsExactly(3, 3);
    assertThatThrownBy(() -> identifier.ofBatch(4, 2, 7, 3))
        .hasMessageContaining("a stage identifier of 4, expected 0 to 3");
    assertThatThrownBy(() -> identifier.ofSamples(4, 2))
        .hasMessageContaining("a stage identifier of 4, expected 0 to 3");
    assertThatThrownBy(() -> new StageIdentifier(4, 1.5)).hasMessageContaining("a share");
  }
}
