package dev.autoprog.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.model.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is delivered as a recipe can be trained. */
class RecipesTest {
  static List<Path> recipes() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("recipes"))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void itIsReadAndItsNetworkAndScheduleCanBeBuilt(Path recipe) throws InputException {
    RunConfig config = ConfigFile.read(recipe, RunConfig.DEFAULT);
    RunConfig.Model model = config.model();
    VitConfig network =
        new VitConfig(
            model.resolution(),
            model.patch(),
            3,
            10,
            model.width(),
            model.depth(),
            model.heads(),
            model.mlpRatio());
    assertThat(network.parameters()).isGreaterThan(2_000_000);
    assertThat(config.progressive().schedule()).isEqualTo(RunConfig.ScheduleChoice.SEARCH);
    RunPlan plan = RunPlan.of(withSmallBatch(config), TinyRuns.IMAGES.train());
    assertThat(plan.schedule().stages()).hasSize(config.progressive().stages());
    assertThat(plan.searchSpace(plan.schedule().stages().get(0), null).candidates())
        .hasSizeGreaterThanOrEqualTo(3);
  }

  /** ImageNet's is the paper's setting. */
  @Test
  void imageNetsRecipeHasThePapersStagesAndSearches() throws InputException {
    RunConfig config = ConfigFile.read(Path.of("recipes/imagenet-deit-s.yaml"), RunConfig.DEFAULT);
    assertThat(config.training().epochs()).isEqualTo(100);
    assertThat(config.progressive().stages()).isEqualTo(4);
    assertThat(config.progressive().search().epochs()).isEqualTo(2);
    assertThat(config.progressive().resolutionScale()).isEqualTo(0.5);
    assertThat(config.progressive().depthScale()).isEqualTo(0.5);
    assertThat(config.averages().decays()).hasSize(4);
  }

  private static RunConfig withSmallBatch(RunConfig config) throws InputException {
    return ConfigFile.override(config, List.of("training.batch=16"));
  }
}
