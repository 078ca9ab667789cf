package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.train.TrainingException;
import dev.autoprog.train.diffusion.DiffusionConfig;
import dev.autoprog.train.diffusion.DiffusionData;
import dev.autoprog.train.diffusion.DiffusionSummary;
import dev.autoprog.train.diffusion.DiffusionTrainer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the commands that train a diffusion model have in common. */
abstract class DiffusionRunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private DiffusionOptions options;

  @Option(names = "--seed", paramLabel = "N", description = "decides all random draws")
  private Long seed;

  @Option(
      names = "--run",
      paramLabel = "DIR",
      description = "the run's directory (default: runs/ and the time)")
  private Path run;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description = "go on with the run in this directory")
  private Path resume;

  /** Checks that the configuration is one for this command. */
  abstract void check(DiffusionConfig config) throws InputException;

  @Override
  public Integer call() throws InputException, TrainingException {
    DiffusionConfig config = resume == null ? options.config(List.of(), seed) : resumed();
    check(config);
    DiffusionData data = DiffusionData.open(config.data());
    Backend chosen = Backend.named(config.backend());
    int team = config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
    PrintWriter out = spec.commandLine().getOut();
    try (Session session = Session.open(chosen, team);
        DiffusionDisplay display = new DiffusionDisplay(out, config)) {
      Path directory =
          resume != null
              ? resume
              : run != null ? run : TrainCommand.fresh(Path.of("runs"), LocalDateTime.now());
      display.introduce(data, chosen, team, directory);
      DiffusionTrainer trainer =
          DiffusionTrainer.of(session, config).on(data).into(directory).heardBy(display);
      try (StopOnInterrupt interrupt = new StopOnInterrupt()) {
        interrupt.stops(trainer);
        DiffusionSummary summary = resume == null ? trainer.train() : trainer.resume();
        display.conclude(summary, directory, spec.name());
        return summary.complete() ? CommandLine.ExitCode.OK : TrainCommand.INTERRUPTED;
      } finally {
        if (resume == null && run == null) {
          TrainCommand.removeIfEmpty(directory);
        }
      }
    }
  }

  private DiffusionConfig resumed() throws InputException {
    if (!options.absent() || run != null || seed != null) {
      throw new InputException(
          "--resume",
          "other settings beside it",
          "the run's directory alone",
          "A run goes on with the configuration that it began with");
    }
    return DiffusionTrainer.configOf(resume);
  }
}
