package dev.autoprog.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.train.diffusion.DiffusionConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FinetunePlanTest {
  private static DiffusionConfig recipe(String... more) throws InputException {
    DiffusionConfig searched =
        ConfigFile.override(
            DiffusionConfig.DEFAULT,
            List.of(
                "progressive.stages=4",
                "progressive.schedule=search",
                "progressive.identifiers=true",
                "seed=9"));
    return ConfigFile.override(searched, List.of(more));
  }

  private static FinetunePlan plan(List<String> arms, DiffusionConfig recipe) {
    return new FinetunePlan(arms, List.of(3L, 1L, 3L), "run:a", 20, recipe);
  }

  @Test
  void anArmDiffersFromTheRecipeInWhatIsTrainedWhenAndTheSeedAlone() throws InputException {
    List<String> arms =
        List.of("full", "manual", "autoprog-zero", "autoprog-zero-no-sid", "full-500");
    List<PlannedRun<DiffusionConfig>> runs = plan(arms, recipe()).runs();
    assertThat(runs.subList(0, 5))
        .extracting(PlannedRun::directory)
        .containsExactlyElementsOf(arms.stream().map(arm -> arm + "/seed-3").toList());
    assertThat(runs.subList(5, 10))
        .extracting(PlannedRun::config)
        .containsExactly(
            recipe(
                "seed=1",
                "progressive.schedule=full",
                "progressive.stages=1",
                "progressive.identifiers=false"),
            recipe("seed=1", "progressive.schedule=manual", "progressive.identifiers=false"),
            recipe("seed=1"),
            recipe("seed=1", "progressive.identifiers=false"),
            recipe(
                "seed=1",
                "progressive.schedule=full",
                "progressive.stages=1",
                "progressive.identifiers=false",
                "training.steps=500"));
  }

  @Test
  void whatCannotBeComparedIsRefused() throws InputException {
    DiffusionConfig recipe = recipe();
    assertThatThrownBy(() -> plan(List.of("autoprog-one"), recipe))
        .hasMessageContaining("no arm autoprog-one")
        .hasMessageContaining("autoprog-zero-no-sid");
    assertThatThrownBy(() -> plan(List.of("full-0"), recipe)).hasMessageContaining("full-0");
    DiffusionConfig one = recipe("progressive.stages=1");
    assertThatThrownBy(() -> plan(List.of("full"), one)).hasMessageContaining("stages is 1");
    assertThatThrownBy(() -> new FinetunePlan(List.of("full"), List.of(1L), "run:a", 1, recipe))
        .hasMessageContaining("count is 1");
    DiffusionConfig given =
        recipe(
            "progressive.schedule=given",
            "progressive.stages=2",
            "progressive.given=[{steps: 2000, resolution: 16, level: 2},"
                + " {steps: 2000, resolution: 28, level: 4}]");
    assertThatThrownBy(() -> plan(List.of("full"), given))
        .hasMessageContaining("schedule is given, expected full, manual or search")
        .hasMessageContaining("--set progressive.schedule=manual");
  }

  @Test
  void aPlanIsReadAsItWasWritten(@TempDir Path folder) throws InputException {
    FinetunePlan plan = plan(List.of("autoprog-zero", "full"), recipe());
    Path file = folder.resolve("comparison.yaml");
    ConfigFile.write(file, plan);
    assertThat(FinetunePlan.read(file)).isEqualTo(plan);
  }
}
