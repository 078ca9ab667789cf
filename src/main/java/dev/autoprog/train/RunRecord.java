package dev.autoprog.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.model.VitConfig;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.RunDirectory;
import dev.autoprog.run.RunLog;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a classifier's run writes into its directory. */
final class RunRecord implements AutoCloseable {
  private final RunDirectory directory;
  private final RunLog log;

  private RunRecord(RunDirectory directory) {
    this.directory = directory;
    this.log = directory.log();
  }

  /** Begins a run's directory, which must not have anything of a run in it. */
  static RunRecord create(Path directory, RunConfig config) throws InputException {
    return new RunRecord(RunDirectory.create(directory, config));
  }

  /** Opens the directory of a run that goes on from {@code progress}. */
  static RunRecord resume(Path directory, Progress progress) throws InputException {
    RunDirectory opened =
        RunDirectory.resume(directory, line -> isOver(line, progress), progress.seconds);
    try {
      opened.writeSchedule(new ScheduleFile(progress.finished));
      return new RunRecord(opened);
    } catch (InputException e) {
      opened.close();
      throw e;
    }
  }

  /** Whether a line tells of what will not come again. */
  private static boolean isOver(JsonNode line, Progress progress) {
    int stages = progress.finished.size();
    boolean present = line.path("stage").asInt() == stages;
    boolean before = line.path("stage").asInt() < stages;
    return switch (line.path("event").asText()) {
      case "search" -> before || present && progress.decision != null;
      // of a stage that is searched, it comes behind the decision
      case "stage" ->
          before
              || present
                  && (progress.decision != null
                      || progress.stageSteps > 0 && progress.search == null);
      default -> isOfAnEarlierStep(line, progress);
    };
  }

  private static boolean isOfAnEarlierStep(JsonNode line, Progress progress) {
    JsonNode step = line.path("step");
    return step.isIntegralNumber()
        && step.longValue() < progress.step
        && line.path("epoch").asInt() <= progress.epoch;
  }

  /** The configuration with which a run was begun. */
  static RunConfig configOf(Path directory) throws InputException {
    return RunDirectory.configOf(directory, RunConfig.DEFAULT);
  }

  /**
   * How far the run had come at a checkpoint, once it is known to be of this model and material.
   */
  static Progress progressOf(Checkpoint checkpoint, VitConfig model, TrainingMaterial material)
      throws InputException {
    RunDirectory.requireSame(checkpoint, "another model", model, "model");
    RunDirectory.requireSame(checkpoint, "other images or batches", material, "material");
    return RunDirectory.fact(checkpoint, "progress", Progress.class);
  }

  /** Fills the learner from a checkpoint. */
  static void restore(Checkpoint checkpoint, Learner learner) throws InputException {
    RunDirectory.restore(checkpoint, learner.weights(), learner.state());
    learner.model().parameters().valuesChanged();
    UpdateCounts counts = RunDirectory.fact(checkpoint, "updates", UpdateCounts.class);
    UpdateCounts marked = RunDirectory.fact(checkpoint, "marked_updates", UpdateCounts.class);
    // a checkpoint without counts is older than they are: all had every update
    learner.restore(
        counts == null ? new UpdateCounts(checkpoint.step(), Map.of()) : counts, marked);
  }

  Path path() {
    return directory.path();
  }

  /** Seconds since the run began, interruptions not counted. */
  double seconds() {
    return directory.seconds();
  }

  /** Removes what there is of a run that was refused before its first step, once it is closed. */
  void discard(Exception refusal) {
    directory.discard(refusal);
  }

  /** Writes a checkpoint. */
  void save(Progress progress, VitConfig model, TrainingMaterial material, Learner learner)
      throws InputException {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("model", model);
    facts.put("material", material);
    facts.put("progress", progress);
    facts.put("updates", learner.counts());
    facts.put("marked_updates", learner.markedCounts());
    directory.save(progress.step, learner.weights(), learner.state(), facts);
  }

  /** Writes down the stages that are over. */
  void writeSchedule(List<StageReport> stages) throws InputException {
    directory.writeSchedule(new ScheduleFile(stages));
  }

  void logStage(long step, Stage stage) throws InputException {
    log.line(RunLog.Event.STAGE)
        .put("step", step)
        .put("stage", stage.index())
        .put("resolution", stage.resolution())
        .put("depth", stage.depth())
        .put("epochs", stage.epochs())
        .put("strength", stage.strength())
        .write();
  }

  void logStep(
      long step,
      Stage stage,
      Learner.StepResult result,
      double accuracy,
      double rate,
      double imagesPerSecond,
      long peakBytes)
      throws InputException {
    log.line(RunLog.Event.STEP)
        .put("step", step)
        .put("stage", stage.index())
        .put("resolution", stage.resolution())
        .put("depth", stage.depth())
        .put("loss", result.loss())
        .put("train_accuracy", accuracy)
        .put("gradient_norm", result.gradientNorm())
        .put("learning_rate", rate)
        .put("images_per_second", imagesPerSecond)
        .put("peak_bytes", peakBytes)
        .write();
  }

  /** Writes down what the present stage's search decided, and by what. */
  void logSearch(Stage stage, Progress progress) throws InputException {
    SearchDecision decision = progress.decision;
    log.line(RunLog.Event.SEARCH)
        .put("step", progress.step)
        .put("stage", stage.index())
        .put("candidates", decision.table().stream().map(RunRecord::row).toList())
        .put("dropped", decision.dropped())
        .put("a", decision.a())
        .put("b", decision.b())
        .put("w", decision.w())
        .put("fallback", decision.fallback().isEmpty() ? null : decision.fallback())
        .put("winner", decision.winner())
        .put("reason", decision.reason())
        .put("search_seconds", progress.stageSearchSeconds)
        .write();
  }

  private static Map<String, Object> row(SearchDecision.Entry entry) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("resolution", entry.candidate().resolution());
    row.put("depth", entry.candidate().depth());
    row.put("losses", entry.losses());
    row.put("mean_loss", entry.meanLoss());
    row.put("step_seconds", entry.stepSeconds());
    row.put("score", entry.score());
    row.put("score_error", entry.error());
    row.put("parameters", entry.cost().parameters());
    row.put("flops", entry.cost().flops());
    return row;
  }

  void logEvaluation(Stage stage, Progress progress) throws InputException {
    log.line(RunLog.Event.EVAL)
        .put("step", progress.step - 1)
        .put("stage", stage.index())
        .put("epoch", progress.epoch)
        .put("resolution", stage.resolution())
        .put("train_loss", progress.lastLoss)
        .put("test_accuracy", progress.testAccuracy)
        .write();
  }

  void logEnd(RunSummary summary) throws InputException {
    // without a step, so that a resumed run cuts it off and writes it again
    log.line(RunLog.Event.END)
        .put("test_accuracy", summary.testAccuracy())
        .put("train_seconds", summary.trainSeconds())
        .put("search_seconds", summary.searchSeconds())
        .put("evaluation_seconds", summary.evaluationSeconds())
        .put("full_size_seconds", summary.fullSizeSeconds())
        .put("steps", summary.steps())
        .write();
  }

  @Override
  public void close() throws InputException {
    directory.close();
  }
}
