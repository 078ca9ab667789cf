package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.model.VitConfig;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.growth.GrowthSchedule;

/**
 * What a configuration comes to on given images.
 *
 * @param model at its full size
 * @param schedule stage by stage
 * @param stepsPerEpoch whole batches in the training images
 */
public record RunPlan(VitConfig model, GrowthSchedule schedule, long stepsPerEpoch) {

  /**
   * Works the plan out.
   *
   * @throws InputException if the configuration does not fit the images or itself
   */
  public static RunPlan of(RunConfig config, ImageDataset train) throws InputException {
    if (train.size() < config.training().batch()) {
      throw new InputException(
          "batch",
          config.training().batch() + " images per step, but only " + train.size() + " to train on",
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
    return new RunPlan(model, schedule(config, model), train.size() / config.training().batch());
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
    int step = 2 * Math.max(1, wanted.patch());
    return side < step ? side : side / step * step;
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
      return wanted.stages() == 1
          ? GrowthSchedule.full(goal, config.training().epochs())
          : GrowthSchedule.manual(
              goal, config.training().epochs(), wanted.stages(), wanted.scales());
    } catch (IllegalArgumentException e) {
      throw new InputException(
          "progressive",
          e.getMessage(),
          "a schedule that can be built",
          "Change the section progressive or regularization.",
          e);
    }
  }

  /** Steps of the whole run. */
  public long totalSteps() {
    return stepsPerEpoch * schedule.epochs();
  }

  /** The learning rate over the whole run. */
  LearningRate learningRate(RunConfig.Optimizer optimizer) {
    return LearningRate.cosine(
        optimizer.learningRate(),
        optimizer.finalLearningRate(),
        Math.round(optimizer.warmupEpochs() * stepsPerEpoch),
        totalSteps());
  }
}
