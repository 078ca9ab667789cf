package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.train.diffusion.DiffusionConfig;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code autoprog compare-finetune}: AutoProg-Zero beside training everything throughout. */
@Command(
    name = "compare-finetune",
    description =
        "Fine-tunes a diffusion model in full and progressively from the same weights, and reports"
            + " error, quality of samples and time.",
    mixinStandardHelpOptions = true)
final class CompareFinetuneCommand extends ComparisonCommand<FinetunePlan> {
  @Mixin private DiffusionOptions options;

  @Option(
      names = "--arms",
      paramLabel = "ARM",
      split = ",",
      description =
          "what to compare: full (everything at full resolution throughout), manual (resolution and"
              + " level rise evenly), autoprog-zero (a search decides, and images bear their stage's"
              + " identifier), autoprog-zero-no-sid (the same without identifiers); default: all"
              + " four; also full-N, everything for N steps, a learning rate schedule of its own:"
              + " what training less would give")
  private List<String> arms;

  @Option(
      names = "--extractor",
      paramLabel = "EXTRACTOR",
      description =
          "in whose eyes samples are judged: run:DIR, a ViT that train has trained on such images,"
              + " or resnet20:FILE, CIFAR's ResNet-20")
  private String extractor;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "samples of each run that are judged (default: " + FinetunePlan.COUNT + ")")
  private Integer count;

  @Override
  boolean absent() {
    return options.absent() && arms == null && extractor == null && count == null;
  }

  @Override
  FinetunePlan planned() throws InputException {
    DiffusionConfig recipe = options.config(List.of(), null);
    if (extractor == null) {
      throw new InputException(
          "compare-finetune",
          "no --extractor",
          "run:DIR or resnet20:FILE",
          "Name what looks at the samples");
    }
    return ArmsPlan.of(
        "compare-finetune",
        () ->
            new FinetunePlan(
                arms == null ? FinetunePlan.ARMS : arms,
                seeds(recipe.seed()),
                extractor,
                count == null ? FinetunePlan.COUNT : count,
                recipe));
  }

  @Override
  FinetunePlan read(Path file) throws InputException {
    return FinetunePlan.read(file);
  }

  @Override
  FinetuneComparer comparer(FinetunePlan plan, CompareDisplay display) throws InputException {
    FinetuneCommand.requireWeights("compare-finetune", plan.recipe());
    SampleJudge.requirePixels(plan.recipe());
    DiffusionConfig.Data data = plan.recipe().data();
    return new FinetuneComparer(
        plan, DataSources.open(data.source(), FolderOptions.ofSide(data.folderSide())), display);
  }
}
