package dev.autoprog.cli;

import dev.autoprog.train.RunConfig;
import java.util.List;
import picocli.CommandLine.Option;

/** How a command is told the configuration of a classifier's run. */
final class RunOptions extends RecipeOptions<RunConfig> {
  @Option(names = "--epochs", paramLabel = "N", description = "passes over the training images")
  private Integer epochs;

  RunOptions() {
    super(RunConfig.DEFAULT);
  }

  @Override
  void addOwn(List<String> overrides) {
    add(overrides, "training.epochs", epochs);
  }
}
