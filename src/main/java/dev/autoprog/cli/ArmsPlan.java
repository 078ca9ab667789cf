package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.cli.report.Arms;
import dev.autoprog.config.ConfigFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the plans of all comparisons have in common: arms, each of which runs once per seed. */
interface ArmsPlan<C extends Record> {
  /** {@code full-N}. */
  Pattern SHORTER = Pattern.compile(Pattern.quote(Arms.BASELINE) + "-([1-9]\\d{0,6})");

  /** What is compared. */
  List<String> arms();

  /** Each arm runs once with each. */
  List<Long> seeds();

  /** What all arms have in common. */
  C recipe();

  /**
   * The settings that distinguish an arm.
   *
   * @throws IllegalArgumentException if there is no such arm
   */
  List<String> settings(String arm);

  /**
   * The runs in their order: seed by seed, so that a machine whose speed drifts is as fast or slow
   * for one arm as for the other.
   */
  default List<PlannedRun<C>> runs() throws InputException {
    List<PlannedRun<C>> runs = new ArrayList<>();
    for (long seed : seeds()) {
      for (String arm : arms()) {
        List<String> overrides = new ArrayList<>(settings(arm));
        overrides.add("seed=" + seed);
        runs.add(new PlannedRun<>(arm, seed, ConfigFile.override(recipe(), overrides)));
      }
    }
    return runs;
  }

  /**
   * Checks that there is something to run, and something to compare with.
   *
   * @param known throws where there is no such arm
   */
  static void require(List<String> arms, List<Long> seeds, int stages, Consumer<String> known) {
    require(!arms.isEmpty(), "arms is empty, expected at least one");
    require(!seeds.isEmpty(), "seeds is empty, expected at least one");
    arms.forEach(known);
    require(
        stages > 1,
        "stages is 1, expected at least 2: with one there is nothing to compare with full training");
  }

  /**
   * Checks that the recipe does not ask for what no arm does.
   *
   * @param given whether its schedule is given
   * @param others what it may be instead
   */
  static void requireNotGiven(boolean given, String others) {
    require(
        !given,
        "progressive.schedule is given, expected "
            + others
            + ": each arm has a schedule of its own, and none has the given one; leave it out with"
            + " --set progressive.schedule=manual");
  }

  /** Checks something of a plan. */
  static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException(problem);
    }
  }

  /** N, where the arm is {@code full-N}. */
  static Optional<String> shorter(String arm) {
    Matcher matcher = SHORTER.matcher(arm);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** A plan that a command line asks for. */
  static <P> P of(String command, Supplier<P> plan) throws InputException {
    try {
      return plan.get();
    } catch (IllegalArgumentException e) {
      throw new InputException(
          command, e.getMessage(), "arms that can be compared", "Change the command line", e);
    }
  }
}
