package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How a command is told a configuration: a recipe, and what is to differ from it. */
abstract class RecipeOptions<C extends Record> {
  private final C defaults;

  @Parameters(
      arity = "0..1",
      paramLabel = "RECIPE",
      description = "a YAML file with what differs from the defaults")
  private Path recipe;

  @Option(
      names = "--data",
      paramLabel = "SOURCE",
      description =
          "builtin, idx:PATH, cifar10:PATH or folder:PATH; of diffusion models latents:PATH, too")
  private String data;

  @Option(names = "--batch", paramLabel = "N", description = "images per step")
  private Integer batch;

  @Option(names = "--backend", paramLabel = "NAME", description = "auto, cuda, cpu or reference")
  private String backend;

  @Option(names = "--threads", paramLabel = "N", description = "threads; 0 for all processors")
  private Integer threads;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "any other setting, as in config.yaml: --set optimizer.learning_rate=0.001")
  private List<String> settings = new ArrayList<>();

  RecipeOptions(C defaults) {
    this.defaults = defaults;
  }

  /** Adds what the command's own options come to. */
  abstract void addOwn(List<String> overrides);

  /** Whether none was given. */
  boolean absent() {
    return recipe == null && overrides(null).isEmpty();
  }

  /**
   * What they come to.
   *
   * @param first settings over the recipe's and under the command line's
   * @param seed null for the recipe's
   */
  C config(List<String> first, Long seed) throws InputException {
    if (threads != null) {
      Machine.requireThreads(threads);
    }
    C base = recipe == null ? defaults : ConfigFile.read(recipe, defaults);
    List<String> settings = new ArrayList<>(first);
    settings.addAll(overrides(seed));
    return ConfigFile.override(base, settings);
  }

  private List<String> overrides(Long seed) {
    List<String> overrides = new ArrayList<>();
    add(overrides, "data.source", data);
    addOwn(overrides);
    add(overrides, "training.batch", batch);
    add(overrides, "backend", backend);
    add(overrides, "threads", threads);
    add(overrides, "seed", seed);
    overrides.addAll(settings);
    return overrides;
  }

  /** Adds an assignment if there is a value. */
  static void add(List<String> overrides, String key, Object value) {
    if (value != null) {
      overrides.add(key + "=" + value);
    }
  }
}
