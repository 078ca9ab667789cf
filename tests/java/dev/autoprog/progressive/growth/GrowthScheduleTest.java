package dev.autoprog.progressive.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.progressive.growth.GrowthSchedule.Goal;
import dev.autoprog.progressive.growth.GrowthSchedule.Scales;
import dev.autoprog.progressive.growth.GrowthSchedule.Span;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrowthScheduleTest {
  private static final Strength STRENGTH = new Strength(0.1, 0.25, 0.08, 9);

  @Test
  void thePapersManualScheduleForDeit() {
    GrowthSchedule schedule =
        GrowthSchedule.manual(new Goal(224, 32, 12, STRENGTH), 100, 4, Scales.DEFAULT);
    assertThat(schedule.stages().stream().map(Stage::resolution))
        .containsExactly(128, 160, 192, 224);
    assertThat(schedule.stages().stream().map(Stage::depth)).containsExactly(6, 8, 10, 12);
    assertThat(schedule.stages().stream().map(Stage::epochs)).containsOnly(25);
    assertThat(schedule.stages().get(0).strength()).isEqualTo(new Strength(0, 0.125, 0.08, 4.5));
    assertThat(schedule.stages().stream().map(s -> (float) s.strength().randAugment()))
        .containsExactly(4.5f, 6f, 7.5f, 9f);
    assertThat(schedule.last().strength()).isEqualTo(STRENGTH);
  }

  @Test
  void givenTheManualNetworksItIsTheManualSchedule() {
    Goal goal = new Goal(224, 32, 12, STRENGTH);
    List<Span> spans =
        List.of(
            new Span(25, 128, 6),
            new Span(25, 160, 8),
            new Span(25, 192, 10),
            new Span(25, 224, 12));
    assertThat(GrowthSchedule.given(goal, spans, Scales.DEFAULT))
        .isEqualTo(GrowthSchedule.manual(goal, 100, 4, Scales.DEFAULT));
  }

  @Test
  void aGivenScheduleEndsWithTheFullNetworkAndNeverGetsShallower() {
    Goal goal = new Goal(224, 32, 12, STRENGTH);
    List<Span> small = List.of(new Span(1, 128, 12));
    assertThatThrownBy(() -> GrowthSchedule.given(goal, small, Scales.DEFAULT))
        .hasMessageContaining("12 blocks at 128 px, expected the full network, 12 at 224 px");
    List<Span> shallow = List.of(new Span(1, 224, 8));
    assertThatThrownBy(() -> GrowthSchedule.given(goal, shallow, Scales.DEFAULT))
        .hasMessageContaining("8 blocks at 224 px, expected the full network, 12 at 224 px");
    List<Span> shallower = List.of(new Span(1, 224, 8), new Span(1, 224, 6), new Span(1, 224, 12));
    assertThatThrownBy(() -> GrowthSchedule.given(goal, shallower, Scales.DEFAULT))
        .hasMessageContaining("cannot follow epoch 1 at depth 8");
  }

  @Property
  void stagesFollowOneAnotherAndRiseToTheGoal(
      @ForAll @IntRange(min = 1, max = 20) int patches,
      @ForAll @IntRange(min = 1, max = 16) int patch,
      @ForAll @IntRange(min = 1, max = 40) int depth,
      @ForAll @IntRange(min = 1, max = 8) int count,
      @ForAll @IntRange(max = 100) int moreEpochs) {
    int resolution = patches * patch;
    int epochs = count + moreEpochs;
    GrowthSchedule schedule =
        GrowthSchedule.manual(
            new Goal(resolution, 2 * patch, depth, STRENGTH), epochs, count, Scales.DEFAULT);
    assertThat(schedule.stages()).hasSize(count);
    assertThat(schedule.epochs()).isEqualTo(epochs);
    assertThat(schedule.last().resolution()).isEqualTo(resolution);
    assertThat(schedule.last().depth()).isEqualTo(depth);
    int before = 0;
    for (Stage stage : schedule.stages()) {
      double wanted = resolution * (count == 1 ? 1 : 0.5 + 0.5 * stage.index() / (count - 1.0));
      assertThat(stage.resolution())
          .isGreaterThanOrEqualTo(before)
          .isGreaterThanOrEqualTo((int) Math.floor(0.9 * wanted));
      assertThat(stage.resolution() % patch).isZero();
      before = stage.resolution();
    }
    for (int epoch = 0; epoch < epochs; epoch++) {
      Stage stage = schedule.at(epoch);
      assertThat(epoch).isBetween(stage.firstEpoch(), stage.endEpoch() - 1);
    }
  }

  @Test
  void sizesRiseByOneFactorIfAsked() {
    Scales scales = new Scales(0.25, 0.25, 0, 0.5, 1, 0.5, Spacing.GEOMETRIC);
    List<Stage> stages =
        GrowthSchedule.manual(new Goal(128, 4, 8, STRENGTH), 8, 4, scales).stages();
    assertThat(stages).extracting(Stage::depth).containsExactly(2, 3, 5, 8);
    assertThat(stages).extracting(Stage::resolution).containsExactly(32, 52, 80, 128);
    assertThat(stages)
        .extracting(stage -> stage.strength().stochasticDepth())
        .containsExactly(0.0, 0.1 / 3, 0.2 / 3, 0.1);
    assertThat(GrowthSchedule.manual(new Goal(128, 4, 8, STRENGTH), 8, 1, scales).last().depth())
        .isEqualTo(8);
  }

  @Test
  void aStrengthBelowZeroCountsAsZeroUntilItRises() {
    Scales late = new Scales(0.5, 0.5, -1, 0.5, 1, -3, Spacing.LINEAR);
    GrowthSchedule schedule = GrowthSchedule.manual(new Goal(32, 8, 8, STRENGTH), 8, 5, late);
    assertThat(schedule.stages().stream().map(s -> s.strength().stochasticDepth()))
        .containsExactly(0.0, 0.0, 0.0, 0.05, 0.1);
    assertThat(schedule.stages().stream().map(s -> s.strength().randAugment()))
        .containsExactly(0.0, 0.0, 0.0, 0.0, 9.0);
  }

  /** From no crop at all to the goal's. */
  @Test
  void aCropsSmallestAreaFallsToTheGoals() {
    Scales late = new Scales(0.5, 0.5, 0, 0, 0, 0, Spacing.LINEAR);
    GrowthSchedule schedule = GrowthSchedule.manual(new Goal(32, 8, 8, STRENGTH), 6, 3, late);
    assertThat(schedule.stages().stream().map(s -> s.strength().minCropArea()))
        .containsExactly(1.0, 0.54, 0.08);
    assertThat(schedule.stages().stream().map(s -> s.strength().erase()))
        .containsExactly(0.0, 0.125, 0.25);
  }

  @ParameterizedTest
  @CsvSource({
    "-0.1, 0, 1, 0, stochastic depth", "1, 0, 1, 0, stochastic depth", "0, 1.1, 1, 0, erase",
    "0, 0, 0, 0, min crop area", "0, 0, 1, -1, rand augment", "0, 0, 1, 10.1, rand augment"
  })
  void aStrengthOutOfItsRangeIsRefused(
      double stochasticDepth, double erase, double minCropArea, double randAugment, String name) {
    assertThatThrownBy(() -> new Strength(stochasticDepth, erase, minCropArea, randAugment))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name + " is ");
  }

  @Test
  void moreStagesThanEpochsAreRefused() {
    assertThatThrownBy(
            () -> GrowthSchedule.manual(new Goal(32, 8, 8, STRENGTH), 3, 4, Scales.DEFAULT))
        .hasMessageContaining("4 stages in 3 epochs");
  }

  @Test
  void theFullScheduleIsOneStage() {
    GrowthSchedule schedule = GrowthSchedule.full(new Goal(32, 8, 8, STRENGTH), 7);
    assertThat(schedule.stages()).containsExactly(new Stage(0, 0, 7, 32, 8, STRENGTH));
  }

  @Test
  void aScheduleIsReadFromTheYamlThatItIsWrittenAs() throws InputException {
    Goal goal = new Goal(224, 32, 12, STRENGTH);
    GrowthSchedule schedule = GrowthSchedule.manual(goal, 100, 4, Scales.DEFAULT);
    String yaml = ConfigFile.toYaml(schedule);
    assertThat(yaml).contains("resolution: 128").contains("first_epoch: 25");
    assertThat(ConfigFile.parse("a schedule", yaml, GrowthSchedule.full(goal, 1)))
        .isEqualTo(schedule);
    assertThatThrownBy(
            () ->
                ConfigFile.parse(
                    "a schedule",
                    yaml.replace("depth: 8", "depth: 5"),
                    GrowthSchedule.full(goal, 1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("cannot follow epoch 25 at depth 6");
  }
}
