package dev.autoprog.train;

import static dev.autoprog.config.Ranges.require;
import static dev.autoprog.config.Ranges.requireNotNegative;
import static dev.autoprog.config.Ranges.requirePositive;
import static dev.autoprog.config.Ranges.requireProbability;

import dev.autoprog.backend.Session;
import dev.autoprog.config.Comment;
import dev.autoprog.config.Sibling;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.data.Mixup;
import dev.autoprog.data.RandAugment;
import dev.autoprog.nn.Precision;
import dev.autoprog.progressive.growth.GrowthOperator;
import dev.autoprog.progressive.growth.GrowthSchedule;
import dev.autoprog.progressive.growth.Spacing;
import dev.autoprog.progressive.growth.Strength;
import java.util.List;

/** Everything that decides how a training run goes; a run directory keeps it as YAML. */
@Sibling(
    keys = {"noise", "validation"},
    of = "a diffusion model",
    instead = "a classifier",
    remedy =
        "Give such a recipe to pretrain-diffusion, finetune or compare-finetune, such a run to"
            + " sample or judge")
public record RunConfig(
    @Comment("every random decision is drawn from it") long seed,
    @Comment("auto, or a backend by name: cuda, cpu, reference") String backend,
    @Comment("threads to compute on; 0 for one per processor") int threads,
    @Comment(
            "activations and products in fp32 or bf16; auto for bf16 where the processor multiplies it")
        PrecisionChoice precision,
    Data data,
    Model model,
    Training training,
    Optimizer optimizer,
    Regularization regularization,
    Progressive progressive,
    Averages averages) {

  /** A small ViT on the embedded images, about a minute and a half on two cores. */
  public static final RunConfig DEFAULT =
      new RunConfig(
          1,
          "auto",
          0,
          PrecisionChoice.AUTO,
          new Data("builtin", 64),
          new Model(0, 4, 96, 6, 3, 3),
          new Training(44, 32, false, 30),
          new Optimizer(1e-3, 1e-5, 2, 1, 0.9, 0.999, 1e-8, 0.05, 1),
          new Regularization(0, 0.5, 0.04, 1, 0, 0, 0, 0.5, 0, 0, 1, 0.5),
          new Progressive(
              4,
              ScheduleChoice.MANUAL,
              new Search(2, 50, 4, 0, true),
              List.of(),
              GrowthOperator.MOMENTUM,
              Moments.COPY,
              Spacing.LINEAR,
              0.5,
              0.5,
              0,
              0.5,
              1,
              0.5),
          new Averages(List.of(0.98, 0.99, 0.995, 0.998), true));

  /** With what the network computes. */
  public enum PrecisionChoice {
    /** {@link Precision#BF16} where that is faster, else {@link Precision#FP32}. */
    AUTO,
    /** {@link Precision#FP32}. */
    FP32,
    /** {@link Precision#BF16}, even where it is slower. */
    BF16;

    /** What it comes to in a session. */
    public Precision in(Session session) {
      return switch (this) {
        case AUTO -> session.multipliesBFloat16() ? Precision.BF16 : Precision.FP32;
        case FP32 -> Precision.FP32;
        case BF16 -> Precision.BF16;
      };
    }
  }

  /** Where the images come from. */
  public record Data(
      @Comment("builtin, idx:PATH, cifar10:PATH or folder:PATH") String source,
      @Comment("image folders only: the side to which photos are resized, in pixels")
          int folderSide) {
    /** Checks the side. */
    public Data {
      require(
          folderSide >= 1 && folderSide <= FolderOptions.MOST_SIDE,
          "folder_side",
          folderSide,
          "from 1 to " + FolderOptions.MOST_SIDE);
    }
  }

  /** The vision transformer at its full size. */
  public record Model(
      @Comment(
              "image side in pixels, a multiple of the patch; 0 for the images' own, in whole pairs of patches")
          int resolution,
      @Comment("side of a patch in pixels") int patch,
      @Comment("width of a token") int width,
      @Comment("transformer blocks") int depth,
      @Comment("attention heads; width / heads is a multiple of 8") int heads,
      @Comment("hidden width of the MLPs, in widths") double mlpRatio) {
    /** Checks the resolution; the rest depends on the images. */
    public Model {
      require(resolution >= 0, "resolution", resolution, "at least 0");
    }
  }

  /** How long to train. */
  public record Training(
      @Comment("passes over the training images, all stages together") int epochs,
      @Comment("images per step") int batch,
      @Comment(
              "whether to compute the blocks' activations again in the backward pass: less memory, more time")
          boolean recompute,
      @Comment("seconds between checkpoints; there is always one at the end of a stage")
          double checkpointSeconds) {
    /** Checks that all are positive. */
    public Training {
      require(epochs >= 1, "epochs", epochs, "at least 1");
      require(batch >= 1, "batch", batch, "at least 1");
      require(checkpointSeconds > 0, "checkpoint_seconds", checkpointSeconds, "above 0");
    }
  }

  /** AdamW, with a linear warm-up, a plateau and a cosine down. */
  public record Optimizer(
      @Comment("the highest learning rate") double learningRate,
      @Comment("the learning rate at the end") double finalLearningRate,
      @Comment("epochs of linear warm-up; of a short run, at most half") double warmupEpochs,
      @Comment("last share of the run over which the rate falls; before it stays at its height")
          double decayShare,
      double beta1,
      double beta2,
      double epsilon,
      @Comment("not for biases, norms, positions and class token") double weightDecay,
      @Comment("global gradient norm above which gradients are scaled down; 0 for never")
          double clipNorm) {
    /** Checks the ranges. */
    public Optimizer {
      requirePositive("learning_rate", learningRate);
      requireNotNegative("final_learning_rate", finalLearningRate);
      requireNotNegative("warmup_epochs", warmupEpochs);
      require(decayShare > 0 && decayShare <= 1, "decay_share", decayShare, "in (0, 1]");
      require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "in [0, 1)");
      require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "in [0, 1)");
      requirePositive("epsilon", epsilon);
      requireNotNegative("weight_decay", weightDecay);
      requireNotNegative("clip_norm", clipNorm);
    }
  }

  /** Regularisation as it is in the last stage. */
  public record Regularization(
      @Comment("share of the target that is spread over all classes") double labelSmoothing,
      @Comment("probability of mirroring an image") double flip,
      @Comment("an image is moved by up to this share of its side") double shift,
      @Comment("smallest share of an image that a random crop keeps; 1 for no crop")
          double minCropArea,
      @Comment("probability of erasing a rectangle") double erase,
      @Comment("rate at which the last block's branches are dropped") double stochasticDepth,
      @Comment("magnitude of RandAugment, up to 10; 0 for none") double randAugment,
      @Comment("standard deviation of that magnitude from image to image") double randAugmentStd,
      @Comment("mixup draws its weight from Beta(alpha, alpha); 0 for none") double mixupAlpha,
      @Comment("the same for cutmix") double cutmixAlpha,
      @Comment("probability that a batch is mixed, if there is mixup or cutmix")
          double mixupProbability,
      @Comment("probability that a mixed batch gets cutmix, if there are both")
          double mixupSwitchProbability) {
    /** Checks the ranges. */
    public Regularization {
      require(
          labelSmoothing >= 0 && labelSmoothing < 1,
          "label_smoothing",
          labelSmoothing,
          "in [0, 1)");
      requireProbability("flip", flip);
      require(shift >= 0 && shift < 1, "shift", shift, "in [0, 1)");
      requireNotNegative("rand_augment_std", randAugmentStd);
      require(
          randAugment >= 0 && randAugment <= RandAugment.MAX_MAGNITUDE,
          "rand_augment",
          randAugment,
          "in [0, 10]");
      requireAlpha("mixup_alpha", mixupAlpha);
      requireAlpha("cutmix_alpha", cutmixAlpha);
      requireProbability("mixup_probability", mixupProbability);
      requireProbability("mixup_switch_probability", mixupSwitchProbability);
    }

    /** The part that grows with the stages. */
    Strength strength() {
      return new Strength(stochasticDepth, erase, minCropArea, randAugment);
    }

    /** The part that mixes images. */
    Mixup mixup() {
      return new Mixup(mixupAlpha, cutmixAlpha, mixupProbability, mixupSwitchProbability);
    }
  }

  /** What a grown block's optimizer state begins with. */
  public enum Moments {
    /** That of the block that it was copied from. */
    COPY,
    /** Zero. */
    ZERO
  }

  /** Who decides on the network of a stage. */
  public enum ScheduleChoice {
    /** Nobody: resolution and depth rise evenly. */
    MANUAL,
    /** A one-shot search at the stage's beginning: AutoProg-One. */
    SEARCH,
    /** The configuration: {@link Progressive#given}. */
    GIVEN
  }

  /** How closely a search looks. */
  public record Search(
      @Comment("epochs of the stage in which candidates are trained by turns, such as 2 or 0.5")
          double epochs,
      @Comment("training batches over which a candidate's loss is taken") int batches,
      @Comment(
              "how often the losses are taken in the last of the epochs, or in less than one, its beginning not counted")
          int probes,
      @Comment(
              "the least weight w of time against loss; a candidate whose step takes twice as long must have a loss 1 - 2^-w lower")
          double leastTimeWeight,
      @Comment(
              "whether the winner goes on with the supernet's weights, and the search is a part of the stage; if not, it begins as grown, and the search is time on top")
          boolean inherit) {
    /** Checks that everything is done. */
    public Search {
      requirePositive("epochs", epochs);
      require(batches >= 1, "batches", batches, "at least 1");
      require(probes >= 1, "probes", probes, "at least 1");
      requireNotNegative("least_time_weight", leastTimeWeight);
    }
  }

  /** How the network grows. */
  public record Progressive(
      @Comment(
              "stages of equal length; 1 trains the full network throughout; of a given schedule, its own count")
          int stages,
      @Comment(
              "manual: resolution and depth rise from stage to stage; search: a one-shot search finds them for every stage but the last; given: as listed below")
          ScheduleChoice schedule,
      Search search,
      @Comment(
              "a given schedule's stages, the last with the full network: {epochs: 4, resolution: 16, depth: 3}")
          List<GrowthSchedule.Span> given,
      @Comment(
              "where new blocks come from: random, stack, interpolate, identity, split or momentum")
          GrowthOperator operator,
      @Comment("a new block's optimizer state: copy or zero") Moments moments,
      @Comment(
              "how the manual resolutions and depths rise: linear, by one amount from stage to stage, or geometric, by one factor")
          Spacing spacing,
      @Comment("what the first stage begins with, as a share of the full resolution")
          double resolutionScale,
      @Comment("the same for depth") double depthScale,
      @Comment("the same for stochastic depth") double stochasticDepthScale,
      @Comment("the same for erasing") double eraseScale,
      @Comment("the same for cropping") double cropScale,
      @Comment("the same for RandAugment's magnitude") double randAugmentScale) {
    /** Checks the number of stages, and that a given schedule has as many. */
    public Progressive {
      given = List.copyOf(given);
      require(stages >= 1, "stages", stages, "at least 1");
      require(
          schedule != ScheduleChoice.GIVEN || given.size() == stages,
          "given",
          given,
          "as many stages as progressive.stages, " + stages);
    }

    /** The shares with which the quantities begin. */
    GrowthSchedule.Scales scales() {
      return new GrowthSchedule.Scales(
          resolutionScale,
          depthScale,
          stochasticDepthScale,
          eraseScale,
          cropScale,
          randAugmentScale,
          spacing);
    }
  }

  /** Moving averages of the weights; growth by momentum reads the slowest, a search the fastest. */
  public record Averages(
      @Comment("one per average, at most 4, fastest first") List<Double> decays,
      @Comment("whether young averages forget faster") boolean warmup) {
    /** Checks the decays. */
    public Averages {
      decays = List.copyOf(decays);
      require(decays.size() <= 4, "decays", decays, "at most 4");
      for (double decay : decays) {
        require(decay >= 0 && decay < 1, "decays", decays, "each in [0, 1)");
      }
    }
  }

  /** Checks that what the parts need of one another is there. */
  public RunConfig {
    require(
        threads >= 0 && threads <= Session.MOST_THREADS,
        "threads",
        threads,
        "from 0 to " + Session.MOST_THREADS);
    require(
        training.epochs() >= progressive.stages(),
        "stages",
        progressive.stages(),
        "at most one per epoch (" + training.epochs() + ")");
    require(
        progressive.operator() != GrowthOperator.MOMENTUM
            || progressive.stages() == 1
            || !averages.decays().isEmpty(),
        "decays",
        averages.decays(),
        "at least one for growth by momentum");
    require(
        progressive.schedule() != ScheduleChoice.SEARCH || !averages.decays().isEmpty(),
        "decays",
        averages.decays(),
        "at least one for a search, which compares averages");
  }

  private static void requireAlpha(String key, double found) {
    require(Mixup.isAlpha(found), key, found, "0, or in [1e-6, 1000]");
  }
}
