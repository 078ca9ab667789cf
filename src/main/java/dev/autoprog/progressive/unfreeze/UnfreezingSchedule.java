package dev.autoprog.progressive.unfreeze;

import dev.autoprog.progressive.growth.Resolutions;
import java.util.ArrayList;
import java.util.List;

/**
 * A whole run of fine-tuning, stage by stage. Resolution and level never fall, and the last stage
 * trains all blocks at full resolution.
 *
 * @param stages in order, without gaps
 */
public record UnfreezingSchedule(List<Stage> stages) {
  /** Checks that stages follow one another, nothing falls, and the last trains everything. */
  public UnfreezingSchedule {
    stages = List.copyOf(stages);
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("a schedule without stages");
    }
    long step = 0;
    Unfreezing before = new Unfreezing(1, 1);
    for (Stage stage : stages) {
      Unfreezing now = stage.unfreezing();
      if (stage.firstStep() != step
          || stage.steps() < 1
          || now.resolution() < before.resolution()
          || now.level() < before.level()) {
        throw new IllegalArgumentException(stage + " cannot follow step " + step + " at " + before);
      }
      step = stage.endStep();
      before = now;
    }
    if (before.level() != UnfreezingPattern.HIGHEST_LEVEL) {
      throw new IllegalArgumentException(
          "the last stage is of level " + before.level() + ", expected all blocks");
    }
  }

  /**
   * A stretch of a run.
   *
   * @param index s, from 0
   * @param firstStep its first step
   * @param steps how many
   * @param unfreezing what it trains
   */
  public record Stage(int index, long firstStep, long steps, Unfreezing unfreezing) {
    /** The step behind its last. */
    public long endStep() {
      return firstStep + steps;
    }

    /** The same with another choice. */
    public Stage with(Unfreezing choice) {
      return new Stage(index, firstStep, steps, choice);
    }
  }

  /** Everything at full resolution, from beginning to end. */
  public static UnfreezingSchedule full(int resolution, long steps) {
    return new UnfreezingSchedule(
        List.of(
            new Stage(0, 0, steps, new Unfreezing(resolution, UnfreezingPattern.HIGHEST_LEVEL))));
  }

  /**
   * The manual schedule: stages of equal length whose resolution and level rise evenly, the level
   * from {@code HIGHEST_LEVEL / count} on.
   *
   * @param resolution R at the end
   * @param resolutionStep what a smaller resolution must be a multiple of
   * @param scale the share of the resolution with which the first stage begins
   * @throws IllegalArgumentException if there are fewer steps than stages, or the scale is no share
   */
  public static UnfreezingSchedule manual(
      int resolution, int resolutionStep, long steps, int count, double scale) {
    if (count < 1 || steps < count) {
      throw new IllegalArgumentException(
          count + " stages in " + steps + " steps; each needs at least one");
    }
    if (!(scale > 0 && scale <= 1)) {
      throw new IllegalArgumentException(
          "a resolution scale of " + scale + ", expected a share in (0, 1]");
    }
    List<Stage> stages = new ArrayList<>();
    for (int s = 0; s < count; s++) {
      long begin = steps * s / count;
      long end = steps * (s + 1) / count;
      double progress = count == 1 ? 1 : (double) s / (count - 1);
      double wanted = (scale + (1 - scale) * progress) * resolution;
      int level =
          (int) Math.ceil((double) UnfreezingPattern.HIGHEST_LEVEL * (s + 1) / count - 1e-9);
      stages.add(
          new Stage(
              s,
              begin,
              end - begin,
              new Unfreezing(Resolutions.rounded(wanted, resolutionStep, resolution), level)));
    }
    return new UnfreezingSchedule(stages);
  }

  /** How many steps all stages last. */
  public long steps() {
    return last().endStep();
  }

  /** The stage with which training ends. */
  public Stage last() {
    return stages.get(stages.size() - 1);
  }
}
