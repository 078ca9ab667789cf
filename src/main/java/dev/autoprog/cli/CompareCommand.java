package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.train.RunConfig;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code autoprog compare}: progressive training beside full-size training. */
@Command(
    name = "compare",
    description =
        "Trains full-size and progressively on the same images, and reports accuracy and time.",
    mixinStandardHelpOptions = true)
final class CompareCommand extends ComparisonCommand<ComparisonPlan> {
  @Mixin private RunOptions options;

  @Option(
      names = "--arms",
      paramLabel = "ARM",
      split = ",",
      description =
          "what to compare: full (the whole network throughout), manual (the manual schedule),"
              + " autoprog-one (the searched one); default: all three; also full-N, the whole network"
              + " for N epochs, a learning rate schedule of its own, in which the warm-up has the same"
              + " share: what training less would give")
  private List<String> arms;

  @Option(
      names = "--operators",
      paramLabel = "NAME",
      split = ",",
      description =
          "also the manual schedule with these growth operators: random, stack, interpolate,"
              + " identity, split, momentum")
  private List<GrowthOperator> operators;

  @Override
  boolean absent() {
    return options.absent() && arms == null && operators == null;
  }

  @Override
  ComparisonPlan planned() throws InputException {
    RunConfig recipe = options.config(List.of(), null);
    return ComparisonPlan.of(
        arms == null ? ComparisonPlan.DEFAULT.arms() : arms,
        operators == null ? List.of() : operators,
        seeds(recipe.seed()),
        recipe);
  }

  @Override
  ComparisonPlan read(Path file) throws InputException {
    return ConfigFile.read(file, ComparisonPlan.DEFAULT);
  }

  @Override
  ClassifierComparer comparer(ComparisonPlan plan, CompareDisplay display) throws InputException {
    RunConfig.Data data = plan.recipe().data();
    return new ClassifierComparer(
        plan, DataSources.open(data.source(), FolderOptions.ofSide(data.folderSide())), display);
  }
}
