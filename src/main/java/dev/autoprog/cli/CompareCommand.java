package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Comparison;
import dev.autoprog.cli.report.ReportPage;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.train.RunConfig;
import dev.autoprog.train.TrainingException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code autoprog compare}: progressive training beside full-size training. */
@Command(
    name = "compare",
    description =
        "Trains full-size and progressively on the same images, and reports accuracy and time.",
    mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private RunOptions options;

  @Option(
      names = "--arms",
      paramLabel = "ARM",
      split = ",",
      description =
          "what to compare: full (the whole network throughout), manual (the manual schedule),"
              + " autoprog-one (the searched one); default: all three; also full-N, the whole network"
              + " for N epochs, a learning rate schedule of its own: what training less would give")
  private List<String> arms;

  @Option(
      names = "--operators",
      paramLabel = "NAME",
      split = ",",
      description =
          "also the manual schedule with these growth operators: random, stack, interpolate,"
              + " identity, momentum")
  private List<GrowthOperator> operators;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      split = ",",
      description = "each arm runs once with each (default: 1)")
  private List<Long> seeds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "the comparison's directory (default: runs/compare- and the time); runs that it has are"
              + " not run again")
  private Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description = "go on with the comparison in this directory")
  private Path resume;

  @Override
  public Integer call() throws InputException, TrainingException {
    ComparisonPlan plan = resume == null ? configured() : resumed();
    RunConfig.Data data = plan.recipe().data();
    DataSplit images = DataSources.open(data.source(), FolderOptions.ofSide(data.folderSide()));
    ReportPage.requirePictures();
    Path directory =
        resume != null
            ? resume
            : out != null
                ? out
                : TrainCommand.fresh(Path.of("runs"), "compare-", LocalDateTime.now());
    try (CompareDisplay display = new CompareDisplay(spec.commandLine().getOut())) {
      display.introduce(plan, images.name(), directory);
      Optional<Comparison> comparison = new Comparer(plan, images, directory, display).compare();
      if (comparison.isEmpty()) {
        return TrainCommand.INTERRUPTED;
      }
      display.conclude(comparison.get(), directory);
      return CommandLine.ExitCode.OK;
    }
  }

  private ComparisonPlan configured() throws InputException {
    return ComparisonPlan.of(
        arms == null ? ComparisonPlan.DEFAULT.arms() : arms,
        operators == null ? List.of() : operators,
        seeds == null ? ComparisonPlan.DEFAULT.seeds() : seeds,
        options.config(List.of(), null));
  }

  private ComparisonPlan resumed() throws InputException {
    if (!options.absent() || arms != null || operators != null || seeds != null || out != null) {
      throw new InputException(
          "--resume",
          "other settings beside it",
          "the comparison's directory alone",
          "A comparison goes on as it was begun; to add to it, repeat its command with --out");
    }
    return ConfigFile.read(resume.resolve(Comparer.PLAN), ComparisonPlan.DEFAULT);
  }
}
