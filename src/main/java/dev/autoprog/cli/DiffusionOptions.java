package dev.autoprog.cli;

import dev.autoprog.train.diffusion.DiffusionConfig;
import java.util.List;
import picocli.CommandLine.Option;

/** How a command is told the configuration of a diffusion model's run. */
final class DiffusionOptions extends RecipeOptions<DiffusionConfig> {
  @Option(names = "--steps", paramLabel = "N", description = "training steps")
  private Long steps;

  @Option(
      names = "--from",
      paramLabel = "WEIGHTS",
      description = "a safetensors file, or a finished run's directory, with the first weights")
  private String weights;

  DiffusionOptions() {
    super(DiffusionConfig.DEFAULT);
  }

  @Override
  void addOwn(List<String> overrides) {
    add(overrides, "training.steps", steps);
    add(overrides, "model.weights", weights);
  }
}
