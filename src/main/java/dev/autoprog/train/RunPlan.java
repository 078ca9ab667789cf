package dev.autoprog.train;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.model.VitConfig;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.growth.GrowthSchedule;
import dev.autoprog.progressive.growth.Resolutions;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.Feasibility;
import dev.autoprog.progressive.search.SearchSpace;
import java.util.List;

/**
 * What a configuration comes to on given images.
 *
 * @param model at its full size
 * @param schedule stage by stage; where it is searched, these are the lengths and strengths, and
 *     what the candidates are made of
 * @param searches whether the networks of all stages but the last are searched
 * @param stepsPerEpoch whole batches in the training images
 */
public record RunPlan(
    VitConfig model, GrowthSchedule schedule, boolean searches, long stepsPerEpoch) {

  /**
   * Works the plan out.
   *
   * @throws InputException if the configuration does not fit the images or itself
   */
  public static RunPlan of(RunConfig config, ImageDataset train) throws InputException {
    if (train.size() < config.training().batch()) {
      throw new InputException(
          "batch",
          Counted.of(config.training().batch(), "image")
              + " per step, but only "
              + train.size()
              + " to train on",
          "a batch that fits into the training images",
          "Set training.batch lower.");
    }
    long bytes = (long) config.training().batch() * train.imageBytes();
    if (bytes > Integer.MAX_VALUE) {
      throw new InputException(
          "batch",
          config.training().batch() + " images per step, of " + bytes + " bytes",
          "at most " + Integer.MAX_VALUE + " bytes",
          "Set training.batch or, for a folder's images, data.folder_side lower.");
    }
    VitConfig model = model(config, train);
    RunConfig.Progressive wanted = config.progressive();
    return new RunPlan(
        model,
        schedule(config, model),
        wanted.schedule() == RunConfig.ScheduleChoice.SEARCH,
        train.size() / config.training().batch());
  }

  private static VitConfig model(RunConfig config, ImageDataset train) throws InputException {
    RunConfig.Model wanted = config.model();
    int resolution = wanted.resolution() > 0 ? wanted.resolution() : resolutionOf(train, wanted);
    try {
      return new VitConfig(
          resolution,
          wanted.patch(),
          train.channels(),
          train.classNames().size(),
          wanted.width(),
          wanted.depth(),
          wanted.heads(),
          wanted.mlpRatio());
    } catch (IllegalArgumentException e) {
      throw new InputException(
          "model",
          e.getMessage(),
          "a network that can be built for images of side " + resolution,
          "Change model.resolution, model.patch, model.width, model.heads or model.mlp_ratio.",
          e);
    }
  }

  /** The images' own side, less what does not make two patches: the step in which it grows. */
  private static int resolutionOf(ImageDataset train, RunConfig.Model wanted) {
    int side = Math.max(train.height(), train.width());
    return Resolutions.whole(side, 2 * Math.max(1, wanted.patch()));
  }

  private static GrowthSchedule schedule(RunConfig config, VitConfig model) throws InputException {
    RunConfig.Progressive wanted = config.progressive();
    try {
      GrowthSchedule.Goal goal =
          new GrowthSchedule.Goal(
              model.resolution(),
              2 * model.patch(),
              model.depth(),
              config.regularization().strength());
      GrowthSchedule schedule = schedule(wanted, goal, config.training().epochs());
      requireRoomForSearches(wanted, schedule);
      requireWholePatches(schedule, model);
      return schedule;
    } catch (IllegalArgumentException e) {
      throw new InputException(
          "progressive",
          e.getMessage(),
          "a schedule that can be built",
          "Change the section progressive or regularization.",
          e);
    }
  }

  private static GrowthSchedule schedule(
      RunConfig.Progressive wanted, GrowthSchedule.Goal goal, int epochs) {
    if (wanted.schedule() == RunConfig.ScheduleChoice.GIVEN) {
      GrowthSchedule given = GrowthSchedule.given(goal, wanted.given(), wanted.scales());
      if (given.epochs() != epochs) {
        throw new IllegalArgumentException(
            "progressive.given lasts " + given.epochs() + " epochs, training.epochs is " + epochs);
      }
      return given;
    }
    return wanted.stages() == 1
        ? GrowthSchedule.full(goal, epochs)
        : GrowthSchedule.manual(goal, epochs, wanted.stages(), wanted.scales());
  }

  private static void requireWholePatches(GrowthSchedule schedule, VitConfig model) {
    for (Stage stage : schedule.stages()) {
      Feasibility.patch(model.patch())
          .obstacle(Candidate.of(stage))
          .ifPresent(
              obstacle -> {
                throw new IllegalArgumentException("stage " + stage.index() + ": " + obstacle);
              });
    }
  }

  private static void requireRoomForSearches(
      RunConfig.Progressive wanted, GrowthSchedule schedule) {
    int shortest = schedule.stages().stream().mapToInt(Stage::epochs).min().orElseThrow();
    if (wanted.schedule() == RunConfig.ScheduleChoice.SEARCH
        && wanted.stages() > 1
        && wanted.search().inherit()
        && wanted.search().epochs() > shortest) {
      throw new IllegalArgumentException(
          "a search of "
              + wanted.search().epochs()
              + " epochs in a stage of "
              + shortest
              + "; it is a part of the stage");
    }
  }

  /** Steps of the whole run. */
  public long totalSteps() {
    return stepsPerEpoch * schedule.epochs();
  }

  /** Whether the stage's network is searched; the last stage always trains the full one. */
  boolean isSearched(Stage stage) {
    return searches && stage.index() < schedule.last().index();
  }

  /**
   * What a stage's search chooses from.
   *
   * @param current what the stage before has trained; null for the first stage
   */
  SearchSpace searchSpace(Stage stage, Candidate current) {
    List<Candidate> manual = schedule.stages().stream().map(Candidate::of).toList();
    Feasibility feasibility = Feasibility.patch(model.patch());
    return current == null
        ? SearchSpace.first(manual, feasibility)
        : SearchSpace.next(manual, stage.index(), current, feasibility);
  }

  /** The learning rate over the whole run. */
  LearningRate learningRate(RunConfig.Optimizer optimizer) {
    return LearningRate.cosine(
        optimizer.learningRate(),
        optimizer.finalLearningRate(),
        Math.round(optimizer.warmupEpochs() * stepsPerEpoch),
        totalSteps(),
        optimizer.decayShare());
  }
}
