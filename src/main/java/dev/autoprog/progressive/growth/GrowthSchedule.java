package dev.autoprog.progressive.growth;

import java.util.ArrayList;
import java.util.List;

/**
 * A whole run, stage by stage. Depth never shrinks, and the last stage trains the full network.
 *
 * @param stages in order, without gaps
 */
public record GrowthSchedule(List<Stage> stages) {
  /** Checks that stages follow one another and depth never shrinks. */
  public GrowthSchedule {
    stages = List.copyOf(stages);
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("a schedule without stages");
    }
    int epoch = 0;
    int depth = 1;
    for (Stage stage : stages) {
      if (stage.firstEpoch() != epoch || stage.epochs() < 1 || stage.depth() < depth) {
        throw new IllegalArgumentException(
            stage + " cannot follow epoch " + epoch + " at depth " + depth);
      }
      epoch = stage.endEpoch();
      depth = stage.depth();
    }
  }

  /**
   * The full network from beginning to end.
   *
   * @param goal the network and the regularisation that training ends with
   */
  public static GrowthSchedule full(Goal goal, int epochs) {
    return new GrowthSchedule(
        List.of(new Stage(0, 0, epochs, goal.resolution(), goal.depth(), goal.strength())));
  }

  /**
   * The manual schedule ("Prog"): stages of equal length whose resolution and depth rise from a
   * share of the goal to the goal, and whose strengths do so evenly.
   *
   * @throws IllegalArgumentException if there are fewer epochs than stages
   */
  public static GrowthSchedule manual(Goal goal, int epochs, int count, Scales scales) {
    if (count < 1 || epochs < count) {
      throw new IllegalArgumentException(
          count + " stages in " + epochs + " epochs; each needs at least one");
    }
    List<Span> spans = new ArrayList<>();
    for (int s = 0; s < count; s++) {
      int begin = (int) ((long) epochs * s / count);
      int end = (int) ((long) epochs * (s + 1) / count);
      double progress = progress(s, count);
      spans.add(
          new Span(
              end - begin,
              Resolutions.rounded(
                  scales.spacing().at(scales.resolution(), progress) * goal.resolution(),
                  goal.resolutionStep(),
                  goal.resolution()),
              Math.max(
                  1,
                  (int) Math.round(scales.spacing().at(scales.depth(), progress) * goal.depth()))));
    }
    return given(goal, spans, scales);
  }

  /**
   * A schedule whose networks are given, one that a search has found, for example; strengths rise
   * evenly from stage to stage.
   *
   * @param spans in order; the last has the goal's network
   * @throws IllegalArgumentException if the last has another, depth shrinks, or there is none
   */
  public static GrowthSchedule given(Goal goal, List<Span> spans, Scales scales) {
    List<Stage> stages = new ArrayList<>();
    int epoch = 0;
    for (Span span : spans) {
      int s = stages.size();
      Strength strength = strength(goal.strength(), scales, progress(s, spans.size()));
      stages.add(new Stage(s, epoch, span.epochs(), span.resolution(), span.depth(), strength));
      epoch += span.epochs();
    }
    GrowthSchedule schedule = new GrowthSchedule(stages);
    Stage last = schedule.last();
    if (last.resolution() != goal.resolution() || last.depth() != goal.depth()) {
      throw new IllegalArgumentException(
          String.format(
              "the last stage trains %d blocks at %d px, expected the full network, %d at %d px",
              last.depth(), last.resolution(), goal.depth(), goal.resolution()));
    }
    return schedule;
  }

  private static double progress(int stage, int count) {
    return count == 1 ? 1 : (double) stage / (count - 1);
  }

  private static Strength strength(Strength goal, Scales scales, double progress) {
    return new Strength(
        rising(scales.stochasticDepth(), progress) * goal.stochasticDepth(),
        rising(scales.erase(), progress) * goal.erase(),
        share(rising(scales.crop(), progress), goal.minCropArea()),
        rising(scales.randAugment(), progress) * goal.randAugment());
  }

  /** How many epochs all stages last. */
  public int epochs() {
    return last().endEpoch();
  }

  /** The stage with which training ends. */
  public Stage last() {
    return stages.get(stages.size() - 1);
  }

  /** The stage to which an epoch belongs. */
  public Stage at(int epoch) {
    for (Stage stage : stages) {
      if (epoch < stage.endEpoch()) {
        return stage;
      }
    }
    throw new IllegalArgumentException("epoch " + epoch + " is behind the last stage");
  }

  private static double rising(double from, double progress) {
    return Math.max(0, from + (1 - from) * progress);
  }

  /** A crop's smallest area goes from 1, no crop, to the goal. */
  private static double share(double strength, double minCropArea) {
    return strength * minCropArea + (1 - strength);
  }

  /**
   * What training ends with.
   *
   * @param resolution R, in pixels
   * @param resolutionStep what a smaller resolution must be a multiple of, in pixels
   * @param depth L
   * @param strength of the regularisation
   */
  public record Goal(int resolution, int resolutionStep, int depth, Strength strength) {}

  /**
   * How long a stage lasts and what it trains.
   *
   * @param epochs at least 1
   * @param resolution R, in pixels
   * @param depth L
   */
  public record Span(int epochs, int resolution, int depth) {}

  /**
   * The share of the goal with which each quantity begins; strengths may begin below 0, which
   * counts as 0 until they rise above it.
   *
   * @param spacing how resolution and depth rise; strengths rise evenly
   */
  public record Scales(
      double resolution,
      double depth,
      double stochasticDepth,
      double erase,
      double crop,
      double randAugment,
      Spacing spacing) {
    /**
     * The defaults of the papers: half the resolution, depth and magnitude, no stochastic depth at
     * first, rising evenly.
     */
    public static final Scales DEFAULT = new Scales(0.5, 0.5, 0, 0.5, 1, 0.5, Spacing.LINEAR);

    /** Checks that resolution and depth begin above 0 and end at the goal. */
    public Scales {
      if (!(resolution > 0 && resolution <= 1 && depth > 0 && depth <= 1)) {
        throw new IllegalArgumentException(
            "resolution and depth scales are "
                + resolution
                + " and "
                + depth
                + ", expected shares in (0, 1]");
      }
    }
  }
}
