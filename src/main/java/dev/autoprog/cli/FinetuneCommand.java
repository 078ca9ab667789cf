package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.train.diffusion.DiffusionConfig;
import picocli.CommandLine.Command;

/** {@code autoprog finetune}: AutoProg-Zero's job. */
@Command(
    name = "finetune",
    description = "Fine-tunes a pre-trained diffusion model on other images, stage by stage.",
    mixinStandardHelpOptions = true)
final class FinetuneCommand extends DiffusionRunCommand {
  @Override
  void check(DiffusionConfig config) throws InputException {
    requireWeights("finetune", config);
  }

  /** Checks that the configuration names weights to begin with. */
  static void requireWeights(String command, DiffusionConfig config) throws InputException {
    if (config.model().weights().isEmpty()) {
      throw new InputException(
          command,
          "no weights to begin with",
          "--from WEIGHTS, or model.weights in the recipe",
          "Name a safetensors file or the directory of a finished pretrain-diffusion");
    }
  }
}
