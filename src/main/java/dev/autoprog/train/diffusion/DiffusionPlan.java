package dev.autoprog.train.diffusion;

import dev.autoprog.Counted;
import dev.autoprog.InputException;
import dev.autoprog.data.LabelledData;
import dev.autoprog.diffusion.DiffusionProcess;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.Variance;
import dev.autoprog.model.DenoisingConfig;
import dev.autoprog.model.DitConfig;
import dev.autoprog.model.UNetConfig;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.growth.Resolutions;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import dev.autoprog.progressive.unfreeze.UnfreezingSpace;
import java.util.ArrayList;
import java.util.List;

/**
 * What a configuration comes to on given images.
 *
 * @param model the network
 * @param process what it is trained for
 * @param schedule stage by stage; where it is searched, this gives the lengths, and what the
 *     candidates are made of
 * @param searches whether all stages but the last are searched
 * @param batchesPerEpoch whole batches in the training images
 */
public record DiffusionPlan(
    DenoisingConfig model,
    DiffusionProcess process,
    UnfreezingSchedule schedule,
    boolean searches,
    int batchesPerEpoch) {

  /**
   * Works the plan out.
   *
   * @throws InputException if the configuration does not fit the images or itself
   */
  public static DiffusionPlan of(DiffusionConfig config, LabelledData train) throws InputException {
    int batch = config.training().batch();
    if (train.size() < batch) {
      throw new InputException(
          "batch",
          Counted.of(batch, "image") + " per step, but only " + train.size() + " to train on",
          "a batch that fits into the training images",
          "Set training.batch lower.");
    }
    try {
      DenoisingConfig model = model(config, train);
      return new DiffusionPlan(
          model,
          process(config.noise()),
          schedule(config, model),
          config.progressive().schedule() == DiffusionConfig.ScheduleChoice.SEARCH,
          train.size() / batch);
    } catch (IllegalArgumentException e) {
      throw new InputException(
          "configuration",
          e.getMessage(),
          "a network and a schedule that can be built for images of " + train.height() + " px",
          "Change the section model, noise or progressive.",
          e);
    }
  }

  private static DenoisingConfig model(DiffusionConfig config, LabelledData train) {
    DiffusionConfig.Model wanted = config.model();
    DiffusionConfig.Progressive progressive = config.progressive();
    int channels = train.channels();
    int classes = train.classNames().size();
    int stages = progressive.identifiers() ? stages(progressive) : 0;
    boolean learned = config.noise().learnedVariance();
    DiffusionConfig.Dit dit = wanted.dit();
    DiffusionConfig.UNet unet = wanted.unet();
    return switch (wanted.kind()) {
      case DIT ->
          new DitConfig(
              resolution(wanted, train, Math.max(1, dit.patch())),
              dit.patch(),
              channels,
              classes,
              dit.width(),
              dit.depth(),
              dit.heads(),
              dit.mlpRatio(),
              learned,
              stages);
      case UNET ->
          new UNetConfig(
              resolution(wanted, train, 1 << Math.max(1, unet.multipliers().size()) - 1),
              channels,
              classes,
              stages,
              unet.channels(),
              unet.multipliers(),
              unet.attention(),
              unet.blocks(),
              unet.heads(),
              unet.groups(),
              0,
              learned);
    };
  }

  private static int stages(DiffusionConfig.Progressive progressive) {
    return progressive.schedule() == DiffusionConfig.ScheduleChoice.FULL ? 1 : progressive.stages();
  }

  private static int resolution(DiffusionConfig.Model wanted, LabelledData train, int step) {
    int side = Math.max(train.height(), train.width());
    return wanted.resolution() > 0 ? wanted.resolution() : Resolutions.whole(side, 2 * step);
  }

  static DiffusionProcess process(DiffusionConfig.Noise noise) {
    NoiseSchedule schedule =
        switch (noise.betas()) {
          case LINEAR -> NoiseSchedule.linear(noise.steps());
          case SCALED_LINEAR -> NoiseSchedule.scaledLinear(noise.steps());
          case COSINE -> NoiseSchedule.cosine(noise.steps());
        };
    Variance variance = noise.learnedVariance() ? Variance.LEARNED_RANGE : Variance.FIXED_LARGE;
    return new DiffusionProcess(schedule, noise.prediction(), variance);
  }

  private static UnfreezingSchedule schedule(DiffusionConfig config, DenoisingConfig model) {
    DiffusionConfig.Progressive wanted = config.progressive();
    long steps = config.training().steps();
    return switch (wanted.schedule()) {
      case FULL -> UnfreezingSchedule.full(model.resolution(), steps);
      case MANUAL, SEARCH ->
          UnfreezingSchedule.manual(
              model.resolution(),
              2 * model.resolutionStep(),
              steps,
              wanted.stages(),
              wanted.resolutionScale());
      case GIVEN -> given(wanted.given(), model, steps);
    };
  }

  private static UnfreezingSchedule given(
      List<DiffusionConfig.Span> spans, DenoisingConfig model, long steps) {
    List<UnfreezingSchedule.Stage> stages = new ArrayList<>();
    long step = 0;
    for (DiffusionConfig.Span span : spans) {
      if (span.resolution() % model.resolutionStep() != 0) {
        throw new IllegalArgumentException(
            "a stage's %d px are no multiple of %d"
                .formatted(span.resolution(), model.resolutionStep()));
      }
      Unfreezing unfreezing = new Unfreezing(span.resolution(), span.level());
      stages.add(new UnfreezingSchedule.Stage(stages.size(), step, span.steps(), unfreezing));
      step += span.steps();
    }
    UnfreezingSchedule schedule = new UnfreezingSchedule(stages);
    int last = schedule.last().unfreezing().resolution();
    if (step != steps || last != model.resolution()) {
      throw new IllegalArgumentException(
          "progressive.given lasts %d steps and ends at %d px, expected %d and %d"
              .formatted(step, last, steps, model.resolution()));
    }
    return schedule;
  }

  /** Whether what the stage trains is searched; the last stage always trains everything. */
  boolean isSearched(UnfreezingSchedule.Stage stage) {
    return searches && stage.index() < schedule.last().index();
  }

  /**
   * What a stage's search chooses from.
   *
   * @param current what the stage before has trained; null for the first stage
   */
  UnfreezingSpace space(UnfreezingSchedule.Stage stage, Unfreezing current) {
    return current == null
        ? UnfreezingSpace.first(schedule)
        : UnfreezingSpace.next(schedule, stage.index(), current);
  }

  /** The learning rate over the whole run. */
  LearningRate learningRate(DiffusionConfig.Optimizer optimizer) {
    return LearningRate.cosine(
        optimizer.learningRate(),
        optimizer.finalLearningRate(),
        optimizer.warmupSteps(),
        schedule.steps(),
        optimizer.decayShare());
  }
}
