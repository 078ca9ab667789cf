package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Comparison;
import dev.autoprog.cli.report.ReportPage;
import dev.autoprog.config.Comment;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.train.RunConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What is to be compared; a comparison's directory keeps it as YAML. */
record ComparisonPlan(
    @Comment(
            "full, full-N for that with N epochs and a warm-up of the same share, manual, autoprog-one, and manual-OPERATOR for a growth operator")
        List<String> arms,
    @Comment("each arm runs once with each") List<Long> seeds,
    @Comment("what all arms have in common") RunConfig recipe)
    implements ArmsPlan<RunConfig> {
  static final ComparisonPlan DEFAULT =
      new ComparisonPlan(
          List.of(Comparison.BASELINE, "manual", "autoprog-one"), List.of(1L), RunConfig.DEFAULT);

  /** Checks arms, seeds and schedule; arms and seeds given twice count once. */
  ComparisonPlan {
    arms = List.copyOf(new LinkedHashSet<>(arms));
    seeds = List.copyOf(new LinkedHashSet<>(seeds));
    ArmsPlan.require(arms, seeds, recipe.progressive().stages(), ComparisonPlan::schedule);
    ArmsPlan.requireNotGiven(
        recipe.progressive().schedule() == RunConfig.ScheduleChoice.GIVEN, "manual or search");
  }

  /**
   * Arms by their names, and after them one for each growth operator; that by which {@code manual}
   * grows is not run twice.
   */
  static ComparisonPlan of(
      List<String> arms, List<GrowthOperator> operators, List<Long> seeds, RunConfig recipe)
      throws InputException {
    Set<String> all = new LinkedHashSet<>(arms);
    for (GrowthOperator operator : operators) {
      if (operator != recipe.progressive().operator() || !arms.contains("manual")) {
        all.add(ReportPage.OPERATOR_PREFIX + name(operator));
      }
    }
    return ArmsPlan.of("compare", () -> new ComparisonPlan(List.copyOf(all), seeds, recipe));
  }

  @Override
  public List<String> settings(String arm) {
    List<String> settings = new ArrayList<>(schedule(arm));
    ArmsPlan.shorter(arm)
        .ifPresent(epochs -> settings.add("optimizer.warmup_epochs=" + warmUp(epochs)));
    return settings;
  }

  /** Of a run of so many epochs: the share that it is of the recipe's. */
  private double warmUp(String epochs) {
    return recipe.optimizer().warmupEpochs()
        * Integer.parseInt(epochs)
        / recipe.training().epochs();
  }

  private static List<String> schedule(String arm) {
    String manual = "progressive.schedule=manual";
    if (arm.startsWith(ReportPage.OPERATOR_PREFIX)) {
      String operator = arm.substring(ReportPage.OPERATOR_PREFIX.length());
      for (GrowthOperator known : GrowthOperator.values()) {
        if (name(known).equals(operator)) {
          return List.of(manual, "progressive.operator=" + operator);
        }
      }
    }
    Optional<String> epochs = ArmsPlan.shorter(arm);
    if (epochs.isPresent()) {
      return List.of(manual, "progressive.stages=1", "training.epochs=" + epochs.get());
    }
    return switch (arm) {
      case Comparison.BASELINE -> List.of(manual, "progressive.stages=1");
      case "manual" -> List.of(manual);
      case "autoprog-one" -> List.of("progressive.schedule=search");
      default ->
          throw new IllegalArgumentException(
              "no arm " + arm + ", expected full, full-N, manual, autoprog-one or manual-OPERATOR");
    };
  }

  private static String name(GrowthOperator operator) {
    return operator.name().toLowerCase(Locale.ROOT);
  }
}
