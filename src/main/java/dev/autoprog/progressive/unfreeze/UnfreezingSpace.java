package dev.autoprog.progressive.unfreeze;

import java.util.List;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * What a stage's search chooses from, {@code {R} × {l}}, taken from the values of the manual
 * schedule (Li et al. 2024). Neither resolution nor level falls, and the last stage has one
 * candidate: all blocks at full resolution.
 *
 * @param stage s, from 0
 * @param candidates in order, at least one
 */
public record UnfreezingSpace(int stage, List<Unfreezing> candidates) {
  /** Keeps the list as it is. */
  public UnfreezingSpace {
    candidates = List.copyOf(candidates);
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException("stage " + stage + " has no candidate");
    }
  }

  /**
   * The first stage's: the first and the lower middle of the manual resolutions and levels. Values
   * that repeat count once.
   *
   * @param manual the manual schedule
   */
  public static UnfreezingSpace first(UnfreezingSchedule manual) {
    return of(
        manual,
        0,
        firstAndLowerMiddle(values(manual, Unfreezing::resolution)),
        firstAndLowerMiddle(values(manual, Unfreezing::level)));
  }

  /**
   * A later stage's: the present resolution and level, and the manual ones above them.
   *
   * @param manual the manual schedule
   * @param stage s, at least 1
   * @param current what the stage before has trained
   */
  public static UnfreezingSpace next(UnfreezingSchedule manual, int stage, Unfreezing current) {
    if (stage < 1 || stage >= manual.stages().size()) {
      throw new IllegalArgumentException(
          "stage " + stage + " of " + manual.stages().size() + ", expected one behind stage 0");
    }
    return of(
        manual,
        stage,
        presentAndNext(current.resolution(), values(manual, Unfreezing::resolution)),
        presentAndNext(current.level(), values(manual, Unfreezing::level)));
  }

  private static UnfreezingSpace of(
      UnfreezingSchedule manual, int stage, TreeSet<Integer> resolutions, TreeSet<Integer> levels) {
    if (stage == manual.last().index()) {
      return new UnfreezingSpace(stage, List.of(manual.last().unfreezing()));
    }
    return new UnfreezingSpace(
        stage,
        resolutions.stream()
            .flatMap(r -> levels.stream().map(level -> new Unfreezing(r, level)))
            .toList());
  }

  private static TreeSet<Integer> values(
      UnfreezingSchedule manual, ToIntFunction<Unfreezing> value) {
    return manual.stages().stream()
        .map(stage -> value.applyAsInt(stage.unfreezing()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static TreeSet<Integer> firstAndLowerMiddle(TreeSet<Integer> values) {
    List<Integer> list = List.copyOf(values);
    TreeSet<Integer> both = new TreeSet<>();
    both.add(list.get(0));
    both.add(list.get((list.size() - 1) / 2));
    return both;
  }

  private static TreeSet<Integer> presentAndNext(int present, TreeSet<Integer> values) {
    TreeSet<Integer> both = new TreeSet<>(List.of(present));
    if (values.higher(present) != null) {
      both.add(values.higher(present));
    }
    return both;
  }
}
