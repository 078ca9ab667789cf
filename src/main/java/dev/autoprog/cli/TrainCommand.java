package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.io.Disk;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.RunPlan;
import dev.autoprog.train.RunSummary;
import dev.autoprog.train.ScheduleFile;
import dev.autoprog.train.Trainer;
import dev.autoprog.train.TrainingException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code autoprog train}: the main job. */
@Command(
    name = "train",
    description =
        "Trains a vision transformer progressively; with no arguments, on embedded images.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  /** What a shell expects of a program that Ctrl-C ended. */
  static final int INTERRUPTED = 130;

  @Spec private CommandSpec spec;

  @Mixin private RunOptions options;

  @Option(names = "--seed", paramLabel = "N", description = "decides all random draws")
  private Long seed;

  @Option(
      names = "--schedule",
      paramLabel = "FILE",
      description = "the schedule.yaml of a finished run, whose stages to train as they stand")
  private Path schedule;

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

  @Override
  public Integer call() throws InputException, TrainingException {
    RunConfig config = resume == null ? configured() : resumed();
    DataSplit images =
        DataSources.open(config.data().source(), FolderOptions.ofSide(config.data().folderSide()));
    RunPlan plan = RunPlan.of(config, images.train());
    PrintWriter out = spec.commandLine().getOut();
    Backend chosen = Backend.named(config.backend());
    int team = config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
    try (Session session = Session.open(chosen, team);
        TrainingDisplay display = new TrainingDisplay(out, plan)) {
      Path directory =
          resume != null ? resume : run != null ? run : fresh(Path.of("runs"), LocalDateTime.now());
      display.introduce(images, chosen, team, directory);
      Trainer trainer = Trainer.of(session, config).on(images).into(directory).heardBy(display);
      try (StopOnInterrupt interrupt = new StopOnInterrupt()) {
        interrupt.stops(trainer);
        RunSummary summary = resume == null ? trainer.train() : trainer.resume();
        display.conclude(summary, directory);
        return summary.complete() ? CommandLine.ExitCode.OK : INTERRUPTED;
      } finally {
        if (resume == null && run == null) {
          removeIfEmpty(directory);
        }
      }
    }
  }

  private RunConfig configured() throws InputException {
    return options.config(schedule == null ? List.of() : ScheduleFile.settings(schedule), seed);
  }

  private RunConfig resumed() throws InputException {
    if (!options.absent() || schedule != null || run != null || seed != null) {
      throw new InputException(
          "--resume",
          "other settings beside it",
          "the run's directory alone",
          "A run goes on with the configuration that it began with");
    }
    return Trainer.configOf(resume);
  }

  /** Removes the new directory of a run that was refused before it wrote anything. */
  static void removeIfEmpty(Path fresh) {
    try {
      Files.delete(fresh);
    } catch (IOException e) {
      // a run is in it
    }
  }

  static Path fresh(Path parent, LocalDateTime time) throws InputException {
    return fresh(parent, "", time);
  }

  /** A new directory named after the time, and numbered where another run began in that second. */
  static Path fresh(Path parent, String prefix, LocalDateTime time) throws InputException {
    String name =
        prefix + time.format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss", Locale.ROOT));
    Path directory = parent.resolve(name);
    try {
      Files.createDirectories(parent);
      for (int number = 2; ; number++) {
        try {
          return Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
          directory = parent.resolve(name + "-" + number);
        }
      }
    } catch (IOException e) {
      throw Disk.cannotWrite(directory, e);
    }
  }
}
