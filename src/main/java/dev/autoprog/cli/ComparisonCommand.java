package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Figures;
import dev.autoprog.train.TrainingException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the commands that compare runs have in common. */
abstract class ComparisonCommand<P extends Record> implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      split = ",",
      description = "each arm runs once with each (default: the recipe's)")
  private List<Long> seeds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "the comparison's directory (default: runs/${COMMAND-NAME}- and the time); runs that it"
              + " has are not run again")
  private Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description = "go on with the comparison in this directory")
  private Path resume;

  /** Whether none of the command's own options was given. */
  abstract boolean absent();

  /** What the command line asks for. */
  abstract P planned() throws InputException;

  /** Reads a plan that {@link Comparer} has written. */
  abstract P read(Path file) throws InputException;

  /** What works a plan off; opens its images. */
  abstract Comparer<?, ?, ?> comparer(P plan, CompareDisplay display) throws InputException;

  @Override
  public Integer call() throws InputException, TrainingException {
    P plan = resume == null ? planned() : resumed();
    try (CompareDisplay display = new CompareDisplay(spec.commandLine().getOut(), spec.name())) {
      Comparer<?, ?, ?> comparer = comparer(plan, display);
      Figures.requirePossible();
      Path directory =
          resume != null
              ? resume
              : out != null
                  ? out
                  : TrainCommand.fresh(Path.of("runs"), spec.name() + "-", LocalDateTime.now());
      return comparer.compare(directory) ? CommandLine.ExitCode.OK : TrainCommand.INTERRUPTED;
    }
  }

  /** The seeds that are asked for, or else the recipe's. */
  final List<Long> seeds(long recipes) {
    return seeds == null ? List.of(recipes) : seeds;
  }

  private P resumed() throws InputException {
    if (!absent() || seeds != null || out != null) {
      throw new InputException(
          "--resume",
          "other settings beside it",
          "the comparison's directory alone",
          "A comparison goes on as it was begun; to add to it, repeat its command with --out");
    }
    return read(resume.resolve(Comparer.PLAN));
  }
}
