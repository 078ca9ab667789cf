package dev.autoprog.cli;

import dev.autoprog.train.diffusion.DiffusionConfig;
import picocli.CommandLine.Command;

/** {@code autoprog pretrain-diffusion}. */
@Command(
    name = "pretrain-diffusion",
    description = "Trains a diffusion model; with no arguments, on embedded images.",
    mixinStandardHelpOptions = true)
final class PretrainDiffusionCommand extends DiffusionRunCommand {
  @Override
  void check(DiffusionConfig config) {}
}
