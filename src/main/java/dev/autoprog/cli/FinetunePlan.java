package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Arms;
import dev.autoprog.config.Comment;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.train.diffusion.DiffusionConfig;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/** Which ways of fine-tuning are to be compared; a comparison's directory keeps it as YAML. */
record FinetunePlan(
    @Comment("full, full-N for that with N steps, manual, autoprog-zero, autoprog-zero-no-sid")
        List<String> arms,
    @Comment("each arm runs once with each") List<Long> seeds,
    @Comment("in whose eyes samples are judged: run:DIR or resnet20:FILE") String extractor,
    @Comment("samples of each run that are judged") int count,
    @Comment("what all arms have in common") DiffusionConfig recipe)
    implements ArmsPlan<DiffusionConfig> {
  /** Those that are compared where nothing else is asked for. */
  static final List<String> ARMS =
      List.of(Arms.BASELINE, "manual", "autoprog-zero", "autoprog-zero-no-sid");

  /** How many samples are judged where nothing else is asked for. */
  static final int COUNT = 1000;

  private static final String NO_IDENTIFIERS = "progressive.identifiers=false";

  /**
   * Checks arms and seeds, of which those given twice count once, the schedule, and that the noise
   * has as many timesteps as samples are drawn in.
   */
  FinetunePlan {
    arms = List.copyOf(new LinkedHashSet<>(arms));
    seeds = List.copyOf(new LinkedHashSet<>(seeds));
    ArmsPlan.require(arms, seeds, recipe.progressive().stages(), FinetunePlan::progressive);
    ArmsPlan.requireNotGiven(
        recipe.progressive().schedule() == DiffusionConfig.ScheduleChoice.GIVEN,
        "full, manual or search");
    ArmsPlan.require(count >= 2, "count is " + count + ", expected at least 2 samples");
    ArmsPlan.require(
        recipe.noise().steps() >= SamplingOptions.STEPS,
        "noise.steps is %d, expected at least %d, in which samples are drawn"
            .formatted(recipe.noise().steps(), SamplingOptions.STEPS));
  }

  /** Reads a plan; what it does not say is as by default. */
  static FinetunePlan read(Path file) throws InputException {
    DiffusionConfig recipe =
        ConfigFile.override(DiffusionConfig.DEFAULT, List.of("progressive.stages=4"));
    return ConfigFile.read(file, new FinetunePlan(ARMS, List.of(1L), "", COUNT, recipe));
  }

  @Override
  public List<String> settings(String arm) {
    return progressive(arm);
  }

  private static List<String> progressive(String arm) {
    String full = "progressive.schedule=full";
    String search = "progressive.schedule=search";
    Optional<String> steps = ArmsPlan.shorter(arm);
    if (steps.isPresent()) {
      return List.of(full, "progressive.stages=1", NO_IDENTIFIERS, "training.steps=" + steps.get());
    }
    return switch (arm) {
      case Arms.BASELINE -> List.of(full, "progressive.stages=1", NO_IDENTIFIERS);
      case "manual" -> List.of("progressive.schedule=manual", NO_IDENTIFIERS);
      case "autoprog-zero" -> List.of(search, "progressive.identifiers=true");
      case "autoprog-zero-no-sid" -> List.of(search, NO_IDENTIFIERS);
      default ->
          throw new IllegalArgumentException(
              "no arm "
                  + arm
                  + ", expected full, full-N, manual, autoprog-zero or autoprog-zero-no-sid");
    };
  }
}
