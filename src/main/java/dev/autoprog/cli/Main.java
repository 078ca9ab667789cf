package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.BackendException;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.train.TrainingException;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line's entry. */
@Command(
    name = "autoprog",
    description = "Automated progressive learning of large vision models.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      TrainCommand.class,
      CompareCommand.class,
      ScoreCommand.class,
      PretrainDiffusionCommand.class,
      FinetuneCommand.class,
      CompareFinetuneCommand.class,
      SampleCommand.class,
      JudgeCommand.class,
      LatentsCommand.class,
      BenchCommand.class,
      DoctorCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Main {
  /** Failures whose message says all that a user needs; anything else is a defect of ours. */
  private static final Set<Class<? extends Exception>> SPOKEN =
      Set.of(
          InputException.class,
          TrainingException.class,
          BackendException.class,
          DeviceMemoryException.class);

  private Main() {}

  /** Runs the command that {@code args} name and ends the process with its exit code. */
  public static void main(String[] args) {
    settle();
    System.exit(commandLine().execute(args));
  }

  /**
   * What holds for the whole process. Numbers are written as in English, like the words around
   * them. Log lines are level and message; whoever starts Java with other settings for these keeps
   * them. Plots are drawn for files, wherever a display might be.
   */
  static void settle() {
    Locale.setDefault(Locale.ROOT);
    System.getProperties().putIfAbsent("java.awt.headless", "true");
    for (String detail : new String[] {"showThreadName", "showLogName"}) {
      System.getProperties().putIfAbsent("org.slf4j.simpleLogger." + detail, "false");
    }
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              if (!SPOKEN.contains(failure.getClass())) {
                throw failure;
              }
              command.getErr().println(command.getColorScheme().errorText(failure.getMessage()));
              return command.getCommandSpec().exitCodeOnExecutionException();
            });
  }

  /** Reads the version from the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"autoprog " + (version == null ? "(not packaged)" : version)};
    }
  }
}
