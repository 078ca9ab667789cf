package dev.autoprog.train.diffusion;

import static dev.autoprog.config.Ranges.require;
import static dev.autoprog.config.Ranges.requireNotNegative;
import static dev.autoprog.config.Ranges.requirePositive;
import static dev.autoprog.config.Ranges.requireProbability;

import dev.autoprog.backend.Session;
import dev.autoprog.config.Comment;
import dev.autoprog.config.Sibling;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.data.Selection;
import dev.autoprog.diffusion.Prediction;
import dev.autoprog.model.DiffusionTransformer;
import dev.autoprog.progressive.unfreeze.StageIdentifier;
import dev.autoprog.progressive.unfreeze.UnfreezingPattern;
import dev.autoprog.train.RunConfig.PrecisionChoice;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Everything that decides how a diffusion model is trained; a run directory keeps it as YAML. */
@Sibling(
    keys = {"regularization", "averages"},
    of = "a classifier",
    instead = "a diffusion model",
    remedy =
        "Give such a recipe to train, compare or score, such a run to train --resume or judge"
            + " --extractor run:DIR")
public record DiffusionConfig(
    @Comment("every random decision is drawn from it") long seed,
    @Comment("auto, or a backend by name: cuda, cpu, reference") String backend,
    @Comment("threads to compute on; 0 for one per processor") int threads,
    @Comment(
            "activations and products in fp32 or bf16; auto for bf16 where the processor multiplies it")
        PrecisionChoice precision,
    Data data,
    Model model,
    Noise noise,
    Training training,
    Optimizer optimizer,
    Progressive progressive,
    Validation validation) {

  /** A small DiT on the embedded images. */
  public static final DiffusionConfig DEFAULT =
      new DiffusionConfig(
          1,
          "auto",
          0,
          PrecisionChoice.AUTO,
          new Data("builtin", 64, List.of(), 0, 0.5),
          new Model(
              "",
              false,
              0,
              Kind.DIT,
              new Dit(2, 128, 6, 4, 4),
              new UNet(32, List.of(1, 2, 2), List.of(2), 1, 2, 8)),
          new Noise(1000, Betas.LINEAR, Prediction.EPSILON, false, 0.1),
          new Training(4000, 64, 30),
          new Optimizer(5e-4, 1e-5, 100, 1, 0.9, 0.999, 1e-8, 0, 1, 0.999),
          new Progressive(
              1,
              ScheduleChoice.FULL,
              UnfreezingPattern.INTERLEAVED,
              0.5,
              false,
              StageIdentifier.DEFAULT_DROP_RATE,
              new Search(16, 2, 6, 1, 0.5, 0.5),
              List.of()),
          new Validation(1000, 512));

  /** Where the images come from. */
  public record Data(
      @Comment(
              "builtin, idx:PATH, cifar10:PATH, folder:PATH, or latents:PATH of what an encoder made")
          String source,
      @Comment("image folders only: the side to which photos are resized, in pixels")
          int folderSide,
      @Comment("the classes to train on, by number; none for all") List<Integer> classes,
      @Comment("how many images of each class to train on, the first; 0 for all") int perClass,
      @Comment(
              "probability of mirroring an image; of latents, if those of the mirrored images are there")
          double flip) {
    /** Checks the ranges. */
    public Data {
      classes = List.copyOf(classes);
      require(
          folderSide >= 1 && folderSide <= FolderOptions.MOST_SIDE,
          "folder_side",
          folderSide,
          "from 1 to " + FolderOptions.MOST_SIDE);
      require(perClass >= 0, "per_class", perClass, "at least 0");
      requireProbability("flip", flip);
    }

    /** Which part of the source is used. */
    Selection selection() {
      return new Selection(Set.copyOf(classes), perClass);
    }
  }

  /** Which network. */
  public enum Kind {
    /** {@link DiffusionTransformer}. */
    DIT,
    /** {@link dev.autoprog.model.UNet}. */
    UNET
  }

  /** The diffusion transformer. */
  public record Dit(
      @Comment("side of a patch in pixels") int patch,
      @Comment("width of a token") int width,
      @Comment("transformer blocks") int depth,
      @Comment("attention heads; width / heads is a multiple of 8") int heads,
      @Comment("hidden width of the MLPs, in widths") double mlpRatio) {}

  /** The UNet. */
  public record UNet(
      @Comment("channels of the first level") int channels,
      @Comment("channels of each level, in those of the first; each but the last halves the side")
          List<Integer> multipliers,
      @Comment("levels that have attention, from 0") List<Integer> attention,
      @Comment("residual blocks of each level on the way down") int blocks,
      @Comment("attention heads") int heads,
      @Comment("groups of the norms; they divide the channels of each level") int groups) {
    /** Keeps the lists as they are. */
    public UNet {
      multipliers = List.copyOf(multipliers);
      attention = List.copyOf(attention);
    }
  }

  /** The network, and the weights that it begins with. */
  public record Model(
      @Comment(
              "a safetensors file or a run's directory with pre-trained weights; empty for fresh ones")
          String weights,
      @Comment(
              "whether the classes are others than those of the weights: their table begins afresh, of as many as the data have")
          boolean freshClasses,
      @Comment(
              "image side in pixels, a multiple of what patches or levels divide; 0 for the images' own, in whole pairs of that")
          int resolution,
      @Comment("dit or unet") Kind kind,
      @Comment("where the kind is dit") Dit dit,
      @Comment("where the kind is unet") UNet unet) {
    /** Checks the resolution; the rest depends on the images. */
    public Model {
      require(resolution >= 0, "resolution", resolution, "at least 0");
    }
  }

  /** How the noise of a timestep grows. */
  public enum Betas {
    /** Of Ho et al. 2020 and DiT. */
    LINEAR,
    /** Of Stable Diffusion. */
    SCALED_LINEAR,
    /** Of Nichol and Dhariwal 2021. */
    COSINE
  }

  /** The diffusion process and what is learned of it. */
  public record Noise(
      @Comment("timesteps of the process") int steps,
      @Comment("linear, scaled_linear or cosine") Betas betas,
      @Comment("what the network predicts: epsilon or velocity") Prediction prediction,
      @Comment("whether it learns the variance, too") boolean learnedVariance,
      @Comment("share of the images whose class is not told, for guidance") double labelDrop) {
    /** Checks the ranges. */
    public Noise {
      require(steps >= 2, "steps", steps, "at least 2");
      requireProbability("label_drop", labelDrop);
      require(
          prediction == Prediction.EPSILON || !learnedVariance,
          "prediction",
          prediction.name().toLowerCase(Locale.ROOT),
          "epsilon where the variance is learned, too");
    }
  }

  /** How long to train. */
  public record Training(
      @Comment("training steps, all stages together") long steps,
      @Comment("images per step") int batch,
      @Comment("seconds between checkpoints; there is always one at the end of a stage")
          double checkpointSeconds) {
    /** Checks that all are positive. */
    public Training {
      require(steps >= 1, "steps", steps, "at least 1");
      require(batch >= 1, "batch", batch, "at least 1");
      require(checkpointSeconds > 0, "checkpoint_seconds", checkpointSeconds, "above 0");
    }
  }

  /** AdamW, with a linear warm-up, a plateau and a cosine down. */
  public record Optimizer(
      @Comment("the highest learning rate") double learningRate,
      @Comment("the learning rate at the end") double finalLearningRate,
      @Comment("steps of linear warm-up; of a short run, at most half") long warmupSteps,
      @Comment("last share of the run over which the rate falls; before it stays at its height")
          double decayShare,
      double beta1,
      double beta2,
      double epsilon,
      @Comment("not for biases") double weightDecay,
      @Comment("global gradient norm above which gradients are scaled down; 0 for never")
          double clipNorm,
      @Comment("decay of the weights' moving average, which is what samples") double averageDecay) {
    /** Checks the ranges. */
    public Optimizer {
      requirePositive("learning_rate", learningRate);
      requireNotNegative("final_learning_rate", finalLearningRate);
      require(warmupSteps >= 0, "warmup_steps", warmupSteps, "at least 0");
      require(decayShare > 0 && decayShare <= 1, "decay_share", decayShare, "in (0, 1]");
      require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "in [0, 1)");
      require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "in [0, 1)");
      requirePositive("epsilon", epsilon);
      requireNotNegative("weight_decay", weightDecay);
      requireNotNegative("clip_norm", clipNorm);
      require(averageDecay >= 0 && averageDecay < 1, "average_decay", averageDecay, "in [0, 1)");
    }
  }

  /** Who decides what a stage trains. */
  public enum ScheduleChoice {
    /** Nobody: everything, at full resolution, throughout. */
    FULL,
    /** Nobody: resolution and level rise evenly. */
    MANUAL,
    /** A zero-shot search at the stage's beginning: AutoProg-Zero. */
    SEARCH,
    /** The configuration: {@link Progressive#given}. */
    GIVEN
  }

  /** On what a search looks, and what each rank counts. */
  public record Search(
      @Comment("images of a batch") int samples,
      @Comment("batches for the neural tangent kernel, and for ZiCo") int batches,
      @Comment("steps that are timed, at least; quick ones for half a second") int steps,
      @Comment("weight of the rank by step time") double time,
      @Comment("weight of the rank by the neural tangent kernel's condition") double ntk,
      @Comment("weight of the rank by ZiCo") double zico) {
    /** Checks that there is enough for each measure. */
    public Search {
      require(samples >= 2, "samples", samples, "at least 2");
      require(batches >= 2, "batches", batches, "at least 2");
      require(steps >= 1, "steps", steps, "at least 1");
      requireNotNegative("time", time);
      requireNotNegative("ntk", ntk);
      requireNotNegative("zico", zico);
      requirePositive("time + ntk + zico", time + ntk + zico);
    }
  }

  /** A stage that is given. */
  public record Span(long steps, int resolution, int level) {}

  /** What is trained when. */
  public record Progressive(
      @Comment("stages of equal length; of a given schedule, its own count") int stages,
      @Comment(
              "full: everything throughout; manual: resolution and unfreezing level rise from stage to stage; search: a zero-shot search finds them; given: as listed below")
          ScheduleChoice schedule,
      @Comment(
              "which blocks a level from 1 to 4 trains: interleaved, a quarter of every four each, or contiguous_tail, the last ones")
          UnfreezingPattern pattern,
      @Comment("what the first stage begins with, as a share of the full resolution")
          double resolutionScale,
      @Comment("whether the images of each stage bear an identifier") boolean identifiers,
      @Comment("share of the images that bear none") double identifierDrop,
      Search search,
      @Comment("a given schedule's stages: {steps: 1000, resolution: 16, level: 2}")
          List<Span> given) {
    /** Checks the ranges. */
    public Progressive {
      given = List.copyOf(given);
      require(stages >= 1, "stages", stages, "at least 1");
      require(
          resolutionScale > 0 && resolutionScale <= 1,
          "resolution_scale",
          resolutionScale,
          "in (0, 1]");
      requireProbability("identifier_drop", identifierDrop);
      require(
          schedule != ScheduleChoice.GIVEN || given.size() == stages,
          "given",
          given,
          "as many stages as progressive.stages, " + stages);
    }
  }

  /** How the model is judged while it trains. */
  public record Validation(
      @Comment("steps between validations; there is always one at the end") long every,
      @Comment("test images whose loss is taken, at noise that is always the same") int images) {
    /** Checks the ranges. */
    public Validation {
      require(every >= 1, "every", every, "at least 1");
      require(images >= 1, "images", images, "at least 1");
    }
  }

  /** Checks what the parts need of one another. */
  public DiffusionConfig {
    require(
        threads >= 0 && threads <= Session.MOST_THREADS,
        "threads",
        threads,
        "from 0 to " + Session.MOST_THREADS);
    require(
        training.steps() >= progressive.stages(),
        "stages",
        progressive.stages(),
        "at most one per step (" + training.steps() + ")");
  }
}
