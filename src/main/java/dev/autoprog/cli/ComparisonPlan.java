package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Comparison;
import dev.autoprog.cli.report.ReportPage;
import dev.autoprog.config.Comment;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.train.RunConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is to be compared; a comparison's directory keeps it as YAML. */
record ComparisonPlan(
    @Comment(
            "full, full-N for that with N epochs, manual, autoprog-one, and manual-OPERATOR for a growth operator")
        List<String> arms,
    @Comment("each arm runs once with each") List<Long> seeds,
    @Comment("what all arms have in common") RunConfig recipe) {
  private static final Pattern SHORTER =
      Pattern.compile(Pattern.quote(Comparison.BASELINE) + "-([1-9]\\d{0,5})");

  static final ComparisonPlan DEFAULT =
      new ComparisonPlan(
          List.of(Comparison.BASELINE, "manual", "autoprog-one"), List.of(1L), RunConfig.DEFAULT);

  /** Checks arms and seeds; those given twice count once. */
  ComparisonPlan {
    arms = List.copyOf(new LinkedHashSet<>(arms));
    seeds = List.copyOf(new LinkedHashSet<>(seeds));
    require(!arms.isEmpty(), "arms is empty, expected at least one");
    require(!seeds.isEmpty(), "seeds is empty, expected at least one");
    arms.forEach(ComparisonPlan::schedule);
    require(
        recipe.progressive().stages() > 1,
        "stages is 1, expected at least 2: with one there is nothing to compare with full training");
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException(problem);
    }
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
    try {
      return new ComparisonPlan(List.copyOf(all), seeds, recipe);
    } catch (IllegalArgumentException e) {
      throw new InputException(
          "compare", e.getMessage(), "arms that can be compared", "Change the command line", e);
    }
  }

  /**
   * The runs in their order: seed by seed, so that a machine whose speed drifts is as fast or slow
   * for one arm as for the other.
   */
  List<PlannedRun> runs() throws InputException {
    List<PlannedRun> runs = new ArrayList<>();
    for (long seed : seeds) {
      for (String arm : arms) {
        List<String> overrides = new ArrayList<>(schedule(arm));
        overrides.add("seed=" + seed);
        runs.add(new PlannedRun(arm, seed, ConfigFile.override(recipe, overrides)));
      }
    }
    return runs;
  }

  /**
   * A run that is to be.
   *
   * @param arm what it is an example of
   */
  record PlannedRun(String arm, long seed, RunConfig config) {
    /** Its directory within the comparison's. */
    String directory() {
      return arm + "/seed-" + seed;
    }
  }

  /** What distinguishes an arm. */
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
    Matcher shorter = SHORTER.matcher(arm);
    if (shorter.matches()) {
      return List.of(manual, "progressive.stages=1", "training.epochs=" + shorter.group(1));
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
