package dev.autoprog.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.autoprog.InputException;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.io.SafetensorsReader;
import dev.autoprog.model.VitConfig;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a run leaves behind: {@code config.yaml}, {@code schedule.yaml} (the stages as they
 * happened), {@code metrics.jsonl} and {@code checkpoints/}.
 */
final class RunDirectory implements AutoCloseable {
  private static final String CONFIG = "config.yaml";
  private static final String SCHEDULE = "schedule.yaml";
  private static final String METRICS = "metrics.jsonl";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path directory;
  private final CheckpointStore checkpoints;
  private final RunLog log;

  private RunDirectory(Path directory, CheckpointStore checkpoints, RunLog log) {
    this.directory = directory;
    this.checkpoints = checkpoints;
    this.log = log;
  }

  /** Begins a run's directory, which must not have anything of a run in it. */
  static RunDirectory create(Path directory, RunConfig config) throws InputException {
    CheckpointStore checkpoints = CheckpointStore.open(directory);
    try {
      requireNoRun(directory, checkpoints);
      ConfigFile.write(directory.resolve(CONFIG), config);
      return new RunDirectory(directory, checkpoints, RunLog.create(directory.resolve(METRICS)));
    } catch (InputException e) {
      checkpoints.close();
      throw e;
    }
  }

  private static void requireNoRun(Path directory, CheckpointStore checkpoints)
      throws InputException {
    boolean files =
        Stream.of(CONFIG, METRICS, SCHEDULE).map(directory::resolve).anyMatch(Files::exists);
    if (files || checkpoints.hasAny()) {
      throw new InputException(
          directory.toString(),
          "there is a run in it, or a part of one",
          "a directory without one",
          "Go on with it by --resume, or choose another directory");
    }
  }

  /** Opens the directory of a run that goes on from {@code progress}. */
  static RunDirectory resume(Path directory, Progress progress) throws InputException {
    CheckpointStore checkpoints = CheckpointStore.open(directory);
    try {
      writeSchedule(directory, progress.finished);
      RunLog log =
          RunLog.resume(
              directory.resolve(METRICS), line -> isOver(line, progress), progress.seconds);
      return new RunDirectory(directory, checkpoints, log);
    } catch (InputException e) {
      checkpoints.close();
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
    return ConfigFile.read(directory.resolve(CONFIG), RunConfig.DEFAULT);
  }

  /**
   * How far the run had come at a checkpoint, once it is known to be of this model and material.
   */
  static Progress progressOf(Checkpoint checkpoint, VitConfig model, TrainingMaterial material)
      throws InputException {
    JsonNode facts = checkpoint.facts();
    try {
      requireSame(checkpoint, "another model", model, facts.path("model"));
      requireSame(checkpoint, "other images or batches", material, facts.path("material"));
      return JSON.treeToValue(facts.path("progress"), Progress.class);
    } catch (JsonProcessingException e) {
      throw new InputException(
          checkpoint.directory().toString(),
          "facts that cannot be read (" + e.getOriginalMessage() + ")",
          "those of a training run",
          "Delete this checkpoint; the one before it is used then",
          e);
    }
  }

  private static void requireSame(
      Checkpoint checkpoint, String difference, Record expected, JsonNode fact)
      throws JsonProcessingException, InputException {
    Record found = JSON.treeToValue(fact, expected.getClass());
    if (!expected.equals(found)) {
      throw new InputException(
          checkpoint.directory().toString(),
          "a checkpoint of " + difference + ", " + found,
          expected.toString(),
          "Resume with the configuration and the images that the run began with");
    }
  }

  /** Fills the learner from a checkpoint. */
  static void restore(Checkpoint checkpoint, Learner learner) throws InputException {
    try (SafetensorsReader model = checkpoint.openModel();
        SafetensorsReader state = checkpoint.openState()) {
      read(model, learner.weights());
      read(state, learner.state());
      learner.model().parameters().valuesChanged();
    }
  }

  private static void read(SafetensorsReader file, Map<String, Tensor> places)
      throws InputException {
    for (Map.Entry<String, Tensor> place : places.entrySet()) {
      file.read(place.getKey(), place.getValue());
    }
  }

  Path path() {
    return directory;
  }

  /** Seconds since the run began, interruptions not counted. */
  double seconds() {
    return log.seconds();
  }

  /** Writes a checkpoint. */
  void save(Progress progress, VitConfig model, TrainingMaterial material, Learner learner)
      throws InputException {
    checkpoints.save(
        progress.step,
        learner.weights(),
        learner.state(),
        Map.of("model", model, "material", material, "progress", progress));
  }

  /** Writes down the stages that are over. */
  void writeSchedule(List<StageReport> stages) throws InputException {
    writeSchedule(directory, stages);
  }

  private static void writeSchedule(Path directory, List<StageReport> stages)
      throws InputException {
    ConfigFile.write(directory.resolve(SCHEDULE), new ScheduleFile(stages));
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
        .put("candidates", decision.table().stream().map(RunDirectory::row).toList())
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
    try (checkpoints) {
      log.close();
    }
  }
}
