package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.train.RunConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonPlanTest {
  private static ComparisonPlan plan(List<String> arms, GrowthOperator... operators)
      throws InputException {
    return ComparisonPlan.of(arms, List.of(operators), List.of(3L, 1L), RunConfig.DEFAULT);
  }

  @Test
  void armsTakeTurnsSeedBySeed() throws InputException {
    List<PlannedRun<RunConfig>> runs = plan(List.of("full", "manual", "autoprog-one")).runs();
    assertThat(runs)
        .extracting(PlannedRun::directory)
        .containsExactly(
            "full/seed-3",
            "manual/seed-3",
            "autoprog-one/seed-3",
            "full/seed-1",
            "manual/seed-1",
            "autoprog-one/seed-1");
  }

  @Test
  void anArmDiffersFromTheRecipeInItsScheduleAndSeedAlone() throws InputException {
    RunConfig searching =
        ConfigFile.override(RunConfig.DEFAULT, List.of("progressive.schedule=search", "seed=9"));
    ComparisonPlan plan =
        ComparisonPlan.of(
            List.of("full", "manual", "autoprog-one"),
            List.of(GrowthOperator.STACK),
            List.of(3L),
            searching);
    assertThat(plan.runs())
        .extracting(PlannedRun::config)
        .containsExactly(
            ConfigFile.override(RunConfig.DEFAULT, List.of("seed=3", "progressive.stages=1")),
            ConfigFile.override(RunConfig.DEFAULT, List.of("seed=3")),
            ConfigFile.override(searching, List.of("seed=3")),
            ConfigFile.override(
                RunConfig.DEFAULT, List.of("seed=3", "progressive.operator=stack")));
  }

  @Test
  void aShorterFullRunHasEpochsOfItsOwn() throws InputException {
    assertThat(plan(List.of("full", "full-2")).runs())
        .extracting(run -> run.config().training().epochs())
        .containsExactly(
            RunConfig.DEFAULT.training().epochs(), 2, RunConfig.DEFAULT.training().epochs(), 2);
    for (String wrong : List.of("full-", "full-0", "full--2", "full-2.5", "full-12345678")) {
      assertThatThrownBy(() -> plan(List.of(wrong))).hasMessageContaining("no arm " + wrong);
    }
  }

  @Test
  void aShorterFullRunWarmsUpForTheSameShare() throws InputException {
    RunConfig recipe =
        ConfigFile.override(
            RunConfig.DEFAULT, List.of("training.epochs=40", "optimizer.warmup_epochs=2"));
    for (String epochs : List.of("1", "10", "40", "60")) {
      List<PlannedRun<RunConfig>> runs =
          ComparisonPlan.of(List.of("full-" + epochs), List.of(), List.of(1L), recipe).runs();
      assertThat(runs)
          .extracting(PlannedRun::config)
          .containsExactly(
              ConfigFile.override(
                  recipe,
                  List.of(
                      "progressive.stages=1",
                      "training.epochs=" + epochs,
                      "optimizer.warmup_epochs=" + Integer.parseInt(epochs) / 20.0)));
    }
  }

  /** A run as short as one may be, whose warm-up is written with an exponent. */
  @Test
  void aShorterFullRunOfALongRecipeIsPlanned() throws InputException {
    RunConfig recipe =
        ConfigFile.override(
            RunConfig.DEFAULT, List.of("training.epochs=1000000", "optimizer.warmup_epochs=0.5"));
    assertThat(
            ComparisonPlan.of(List.of("full-1"), List.of(), List.of(1L), recipe)
                .runs()
                .get(0)
                .config()
                .optimizer()
                .warmupEpochs())
        .isEqualTo(5e-7);
  }

  @Test
  void theOperatorOfTheManualArmIsNotRunTwice() throws InputException {
    GrowthOperator[] operators = {GrowthOperator.RANDOM, GrowthOperator.MOMENTUM};
    assertThat(plan(List.of("full", "manual"), operators).arms())
        .containsExactly("full", "manual", "manual-random");
    assertThat(plan(List.of("full"), operators).arms())
        .containsExactly("full", "manual-random", "manual-momentum");
  }

  @Test
  void whatCannotBeComparedIsRefused() throws InputException {
    assertThatThrownBy(() -> plan(List.of("autoprog-two")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("autoprog-two")
        .hasMessageContaining("autoprog-one");
    assertThatThrownBy(() -> plan(List.of("manual-magic"))).hasMessageContaining("manual-magic");
    RunConfig one = ConfigFile.override(RunConfig.DEFAULT, List.of("progressive.stages=1"));
    assertThatThrownBy(() -> ComparisonPlan.of(List.of("full"), List.of(), List.of(1L), one))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("stages is 1");
    RunConfig given =
        ConfigFile.override(
            RunConfig.DEFAULT,
            List.of(
                "progressive.schedule=given",
                "progressive.stages=2",
                "progressive.given=[{epochs: 22, resolution: 16, depth: 3},"
                    + " {epochs: 22, resolution: 28, depth: 6}]"));
    assertThatThrownBy(() -> ComparisonPlan.of(List.of("full"), List.of(), List.of(1L), given))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("schedule is given, expected manual or search")
        .hasMessageContaining("--set progressive.schedule=manual");
  }

  @Test
  void aPlanIsReadAsItWasWritten(@TempDir Path folder) throws InputException {
    ComparisonPlan plan = plan(List.of("manual", "full"), GrowthOperator.IDENTITY);
    Path file = folder.resolve("comparison.yaml");
    ConfigFile.write(file, plan);
    assertThat(ConfigFile.read(file, ComparisonPlan.DEFAULT)).isEqualTo(plan);
  }
}
