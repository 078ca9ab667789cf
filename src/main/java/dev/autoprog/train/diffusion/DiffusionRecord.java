package dev.autoprog.train.diffusion;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.config.Comment;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.io.SafetensorsWriter;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule.Stage;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.RunDirectory;
import dev.autoprog.run.RunLog;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a diffusion model's run writes into its directory. */
final class DiffusionRecord implements AutoCloseable {
  private final RunDirectory directory;
  private final DiffusionSetup setup;
  private final RunLog log;

  private DiffusionRecord(RunDirectory directory, DiffusionSetup setup) {
    this.directory = directory;
    this.setup = setup;
    this.log = directory.log();
  }

  /** What {@code schedule.yaml} says. */
  private record Stages(
      @Comment("the stages as they happened") List<DiffusionStageReport> stages) {}

  /** What a run's images, or latents, are known by when it is taken up again. */
  private record Material(
      int train, int test, int batch, List<String> classNames, Map<String, String> latents) {
    static Material of(DiffusionSetup setup) {
      DiffusionData data = setup.data();
      return new Material(
          data.train().size(),
          data.testSize(),
          setup.config().training().batch(),
          data.train().classNames(),
          latentsOf(setup));
    }
  }

  /** Begins a run's directory, which must not have anything of a run in it. */
  static DiffusionRecord create(Path directory, DiffusionSetup setup) throws InputException {
    return new DiffusionRecord(RunDirectory.create(directory, setup.config()), setup);
  }

  /** Opens the directory of a run that goes on from {@code progress}. */
  static DiffusionRecord resume(Path directory, DiffusionSetup setup, DiffusionProgress progress)
      throws InputException {
    RunDirectory opened =
        RunDirectory.resume(directory, line -> isOver(line, progress), progress.seconds);
    try {
      opened.writeSchedule(new Stages(progress.finished));
      return new DiffusionRecord(opened, setup);
    } catch (InputException e) {
      opened.close();
      throw e;
    }
  }

  /** Whether a line of the log tells of what will not come again. */
  private static boolean isOver(JsonNode line, DiffusionProgress progress) {
    long step = line.path("step").asLong(Long.MAX_VALUE);
    return switch (line.path("event").asText()) {
      case "search", "stage" ->
          line.path("stage").asInt() < progress.finished.size()
              || line.path("stage").asInt() == progress.finished.size()
                  && progress.unfreezing != null;
      case "eval" -> step <= progress.validatedAt;
      default -> step < progress.step;
    };
  }

  /** How far the run had come at a checkpoint, once it is known to be of this run. */
  static DiffusionProgress progressOf(Checkpoint checkpoint, DiffusionSetup setup)
      throws InputException {
    RunDirectory.requireSame(checkpoint, "another model", (Record) setup.plan().model(), "model");
    RunDirectory.requireSame(checkpoint, "other images or batches", Material.of(setup), "material");
    return RunDirectory.fact(checkpoint, "progress", DiffusionProgress.class);
  }

  /** Fills the learner from a checkpoint. */
  static void restore(Checkpoint checkpoint, DiffusionLearner learner) throws InputException {
    RunDirectory.restore(checkpoint, learner.weights(), learner.state());
    learner.network().parameters().valuesChanged();
  }

  Path path() {
    return directory.path();
  }

  /** Removes what there is of a run that was refused before its first step, once it is closed. */
  void discard(Exception refusal) {
    directory.discard(refusal);
  }

  /** Writes a checkpoint. */
  void save(DiffusionProgress progress, DiffusionLearner learner) throws InputException {
    progress.seconds = directory.seconds();
    directory.save(
        progress.step,
        learner.weights(),
        learner.state(),
        Map.of(
            "model", setup.plan().model(),
            "material", Material.of(setup),
            "progress", progress));
  }

  /** Writes down the stages that are over. */
  void writeSchedule(List<DiffusionStageReport> stages) throws InputException {
    directory.writeSchedule(new Stages(stages));
  }

  /**
   * Writes the averaged weights, which is what a finished run leaves to others; with them, what the
   * latents are that they were trained on.
   */
  void writeWeights(DiffusionLearner learner) throws InputException {
    SafetensorsWriter.write(
        path().resolve(DiffusionTrainer.WEIGHTS),
        learner.network().parameters().placesIn(learner.average().values()),
        latentsOf(setup));
  }

  /** What there is to know of latents; nothing of images. */
  private static Map<String, String> latentsOf(DiffusionSetup setup) {
    return setup.data().latents().map(LatentSpace::metadata).orElse(Map.of());
  }

  void logStage(long step, Stage stage, long trainable) throws InputException {
    log.line(RunLog.Event.STAGE)
        .put("step", step)
        .put("stage", stage.index())
        .put("resolution", stage.unfreezing().resolution())
        .put("level", stage.unfreezing().level())
        .put("steps", stage.steps())
        .put("trainable", trainable)
        .write();
  }

  void logSearch(long step, Stage planned, ZeroShotDecision<Unfreezing> decision, double seconds)
      throws InputException {
    log.line(RunLog.Event.SEARCH)
        .put("step", step)
        .put("stage", planned.index())
        .put("candidates", decision.table())
        .put("winner", decision.winner())
        .put("reason", decision.reason())
        .put("search_seconds", seconds)
        .write();
  }

  void logStep(
      long step,
      Stage stage,
      DiffusionLearner.StepResult result,
      double rate,
      double speed,
      long peakBytes)
      throws InputException {
    log.line(RunLog.Event.STEP)
        .put("step", step)
        .put("stage", stage.index())
        .put("loss", result.loss())
        .put("gradient_norm", result.gradientNorm())
        .put("learning_rate", rate)
        .put("images_per_second", speed)
        .put("peak_bytes", peakBytes)
        .write();
  }

  void logValidation(DiffusionProgress progress, Stage stage) throws InputException {
    log.line(RunLog.Event.EVAL)
        .put("step", progress.step)
        .put("stage", stage.index())
        .put("validation_mse", progress.error)
        .write();
  }

  void logEnd(DiffusionSummary summary) throws InputException {
    log.line(RunLog.Event.END)
        .put("validation_mse", summary.error())
        .put("train_seconds", summary.trainSeconds())
        .put("search_seconds", summary.searchSeconds())
        .put("validation_seconds", summary.validationSeconds())
        .put("full_seconds", summary.fullSeconds())
        .put("steps", summary.steps())
        .write();
  }

  @Override
  public void close() throws InputException {
    directory.close();
  }
}
