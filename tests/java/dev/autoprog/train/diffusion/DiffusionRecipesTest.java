package dev.autoprog.train.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.FolderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DiffusionRecipesTest {
  static List<Path> recipes() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("recipes", "diffusion"))) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void itIsReadAndItsNetworkAndScheduleCanBeBuilt(Path recipe) throws Exception {
    DiffusionConfig config = ConfigFile.read(recipe, DiffusionConfig.DEFAULT);
    DiffusionPlan plan =
        DiffusionPlan.of(config, DataSources.open("builtin", FolderOptions.ofSide(28)).train());
    assertThat(plan.schedule().steps()).isEqualTo(config.training().steps());
    assertThat(plan.schedule().stages()).hasSize(config.progressive().stages());
    if (config.progressive().schedule() == DiffusionConfig.ScheduleChoice.SEARCH) {
      assertThat(config.model().weights()).isNotEmpty();
      assertThat(plan.space(plan.schedule().stages().get(0), null).candidates())
          .hasSizeGreaterThan(1);
    }
  }
}
