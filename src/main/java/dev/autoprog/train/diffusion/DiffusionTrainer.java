package dev.autoprog.train.diffusion;

import com.fasterxml.jackson.databind.JsonNode;
import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.config.Comment;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.DataSplit;
import dev.autoprog.io.SafetensorsWriter;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.search.ZeroShotSearch;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule.Stage;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.RunDirectory;
import dev.autoprog.run.RunLog;
import dev.autoprog.run.Stoppable;
import dev.autoprog.train.TrainingException;
import dev.autoprog.train.diffusion.DiffusionBatches.Step;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Trains a diffusion model, from fresh weights or from pre-trained ones, stage by stage with
 * progressive unfreezing, and with checkpoints from which a later trainer goes on bit by bit.
 *
 * <pre>{@code
 * DiffusionSummary run =
 *     DiffusionTrainer.of(session, config).on(images).into(Path.of("runs/a")).train();
 * }</pre>
 */
public final class DiffusionTrainer implements Stoppable {
  private final Session session;
  private final DiffusionConfig config;
  private DataSplit images;
  private Path path;
  private DiffusionListener listener = DiffusionListener.NONE;
  private volatile boolean stopRequested;
  private volatile boolean begun;

  private DiffusionSetup setup;
  private DiffusionLearner learner;
  private DiffusionBatches batches;
  private BatchLoader loader;
  private Validation validation;
  private RunDirectory run;
  private DiffusionProgress progress;
  private LearningRate learningRate;
  private long checkpointNanos;

  private DiffusionTrainer(Session session, DiffusionConfig config) {
    this.session = session;
    this.config = config;
  }

  /** A trainer that computes in {@code session}, whose thread must be the one that trains. */
  public static DiffusionTrainer of(Session session, DiffusionConfig config) {
    return new DiffusionTrainer(session, config);
  }

  /**
   * The configuration of a run that was begun in {@code directory}.
   *
   * @throws InputException if there is none
   */
  public static DiffusionConfig configOf(Path directory) throws InputException {
    return RunDirectory.configOf(directory, DiffusionConfig.DEFAULT);
  }

  /** The images to train on and to validate on, of all classes. */
  public DiffusionTrainer on(DataSplit images) {
    this.images = images;
    return this;
  }

  /**
   * The run's directory, which gets configuration, metrics, checkpoints and, at the end, weights.
   */
  public DiffusionTrainer into(Path directory) {
    this.path = directory;
    return this;
  }

  /** Who hears how it goes. */
  public DiffusionTrainer heardBy(DiffusionListener listener) {
    this.listener = listener;
    return this;
  }

  /**
   * Asks the training thread to write a checkpoint after the present step, and to return; callable
   * from any thread.
   */
  @Override
  public void requestStop() {
    stopRequested = true;
  }

  /** Whether steps are being taken, or were, so that a stop has something to save. */
  @Override
  public boolean hasBegun() {
    return begun;
  }

  /**
   * Trains from the beginning.
   *
   * @throws InputException if the configuration does not fit, the weights are of another network,
   *     the directory has a run in it, or the disk refuses
   * @throws TrainingException if the loss is not finite
   */
  public DiffusionSummary train() throws InputException, TrainingException {
    return run(false);
  }

  /**
   * Goes on from the newest intact checkpoint in the directory, to the same bits that training
   * without the break would have reached on the same backend, processor and number of threads. A
   * search that was interrupted begins again.
   *
   * @throws InputException if there is none, or it is of another model
   * @throws TrainingException if the loss is not finite
   */
  public DiffusionSummary resume() throws InputException, TrainingException {
    return run(true);
  }

  private DiffusionSummary run(boolean resuming) throws InputException, TrainingException {
    setup = DiffusionSetup.of(session, config, images);
    learningRate = setup.plan().learningRate(config.optimizer());
    Optional<Checkpoint> checkpoint =
        resuming ? Optional.of(Checkpoint.newestOf(path)) : Optional.empty();
    progress = checkpoint.isPresent() ? progressOf(checkpoint.get()) : new DiffusionProgress();
    int threads = session.threads();
    try (RunDirectory opened = resuming ? resumed() : RunDirectory.create(path, config);
        DiffusionLearner newLearner = setup.newLearner();
        DiffusionBatches newBatches = new DiffusionBatches(setup, setup.data().train());
        Validation newValidation = new Validation(setup, newLearner);
        BatchLoader newLoader =
            new BatchLoader(
                setup.data().train(), config.training().batch(), config.seed(), threads)) {
      run = opened;
      learner = newLearner;
      batches = newBatches;
      validation = newValidation;
      loader = newLoader;
      if (checkpoint.isPresent()) {
        RunDirectory.restore(checkpoint.get(), learner.weights(), learner.state());
        learner.network().parameters().valuesChanged();
      } else {
        save(); // whenever the process dies, there is something to resume
      }
      begun = true;
      return stages();
    } finally {
      session.arena().close();
    }
  }

  private DiffusionProgress progressOf(Checkpoint checkpoint) throws InputException {
    RunDirectory.requireSame(checkpoint, "another model", (Record) setup.plan().model(), "model");
    RunDirectory.requireSame(checkpoint, "other images or batches", material(), "material");
    return RunDirectory.fact(checkpoint, "progress", DiffusionProgress.class);
  }

  /** What a run's images are known by when it is taken up again. */
  private record Material(int train, int test, int batch, List<String> classNames) {}

  private Material material() {
    return new Material(
        setup.data().train().size(),
        setup.data().test().size(),
        config.training().batch(),
        setup.data().train().classNames());
  }

  private RunDirectory resumed() throws InputException {
    RunDirectory opened = RunDirectory.resume(path, this::isOver, progress.seconds);
    try {
      opened.writeSchedule(new Stages(progress.finished));
      return opened;
    } catch (InputException e) {
      opened.close();
      throw e;
    }
  }

  /** Whether a line of the log tells of what will not come again. */
  private boolean isOver(JsonNode line) {
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

  private DiffusionSummary stages() throws InputException, TrainingException {
    for (DiffusionStageReport report : progress.finished) {
      learner.train(config.progressive().pattern(), report.level(), report.firstStep());
    }
    for (Stage planned : setup.plan().schedule().stages()) {
      if (planned.index() < progress.finished.size()) {
        continue;
      }
      Stage stage = begin(planned);
      if (!steps(stage) || !validate(stage)) {
        save();
        return summary(false);
      }
      end(stage);
    }
    writeWeights();
    DiffusionSummary summary = summary(true);
    run.log()
        .line(RunLog.Event.END)
        .put("validation_mse", summary.error())
        .put("train_seconds", summary.trainSeconds())
        .put("search_seconds", summary.searchSeconds())
        .put("validation_seconds", summary.validationSeconds())
        .put("full_seconds", summary.fullSeconds())
        .put("steps", summary.steps())
        .write();
    return summary;
  }

  /** Decides what the stage trains, if that is not known yet, and unfreezes it. */
  private Stage begin(Stage planned) throws InputException {
    boolean fresh = progress.unfreezing == null;
    if (fresh) {
      progress.unfreezing =
          setup.plan().isSearched(planned) ? searched(planned) : planned.unfreezing();
    }
    Stage stage = planned.with(progress.unfreezing);
    learner.train(config.progressive().pattern(), stage.unfreezing().level(), stage.firstStep());
    if (fresh) {
      run.log()
          .line(RunLog.Event.STAGE)
          .put("step", progress.step)
          .put("stage", stage.index())
          .put("resolution", stage.unfreezing().resolution())
          .put("level", stage.unfreezing().level())
          .put("steps", stage.steps())
          .put("trainable", learner.trainable())
          .write();
    }
    listener.stageStarted(stage, setup.plan().schedule().steps());
    return stage;
  }

  private Unfreezing searched(Stage planned) throws InputException {
    long begin = System.nanoTime();
    List<DiffusionStageReport> finished = progress.finished;
    DiffusionStageReport last = finished.isEmpty() ? null : finished.get(finished.size() - 1);
    Unfreezing current = last == null ? null : new Unfreezing(last.resolution(), last.level());
    DiffusionConfig.Search settings = config.progressive().search();
    ZeroShotDecision<Unfreezing> decision;
    try (UnfreezingScorer scorer = new UnfreezingScorer(setup, learner, batches, planned.index())) {
      decision =
          new ZeroShotSearch(
                  new ZeroShotSearch.Weights(settings.time(), settings.ntk(), settings.zico()))
              .run(setup.plan().space(planned, current).candidates(), scorer);
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    progress.searchSeconds += seconds;
    run.log()
        .line(RunLog.Event.SEARCH)
        .put("step", progress.step)
        .put("stage", planned.index())
        .put("candidates", decision.table())
        .put("winner", decision.winner())
        .put("reason", decision.reason())
        .put("search_seconds", seconds)
        .write();
    listener.searched(planned, decision);
    return decision.winner();
  }

  /** Takes the steps that a stage still has; false if it was asked to stop before the last. */
  private boolean steps(Stage stage) throws InputException, TrainingException {
    int perEpoch = setup.plan().batchesPerEpoch();
    Augmentation augmentation = new Augmentation(config.data().flip(), 1, 0, 0);
    while (progress.step < stage.endStep()) {
      int epoch = Math.toIntExact(progress.step / perEpoch);
      try (BatchCursor cursor =
          loader.epoch(epoch, Math.toIntExact(progress.step % perEpoch), augmentation)) {
        while (cursor.hasNext() && progress.step < stage.endStep()) {
          if (stopRequested || isValidationDue() && !validate(stage)) {
            return false;
          }
          try (Batch batch = cursor.next()) {
            step(stage, batch, epoch);
          }
          if ((System.nanoTime() - checkpointNanos) * 1e-9
              > config.training().checkpointSeconds()) {
            save();
          }
        }
      }
    }
    return true;
  }

  private boolean isValidationDue() {
    return progress.step > 0
        && progress.step % config.validation().every() == 0
        && progress.validatedAt != progress.step;
  }

  private void step(Stage stage, Batch batch, int epoch) throws InputException, TrainingException {
    long begin = System.nanoTime();
    double rate = learningRate.at(progress.step);
    Step read =
        batches.training(
            batch, stage.unfreezing().resolution(), epoch, stage.index(), progress.step);
    DiffusionLearner.StepResult result =
        learner.step(read.noisy(), read.conditions(), progress.step, rate);
    if (!result.isFinite()) {
      throw new TrainingException(
          ("At step %d the loss is %s and the gradient's norm %s; the last good checkpoint is kept"
                  + " in %s. Lower optimizer.learning_rate or set optimizer.clip_norm, and begin"
                  + " again.")
              .formatted(progress.step, result.loss(), result.gradientNorm(), run.path()));
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    double speed = batch.size() / seconds;
    run.log()
        .line(RunLog.Event.STEP)
        .put("step", progress.step)
        .put("stage", stage.index())
        .put("loss", result.loss())
        .put("gradient_norm", result.gradientNorm())
        .put("learning_rate", rate)
        .put("images_per_second", speed)
        .put("peak_bytes", session.arena().peakBytes())
        .write();
    listener.stepped(stage, progress.step, result.loss(), speed);
    progress.step++;
    progress.stageSeconds += seconds;
    progress.stageLoss += result.loss();
  }

  /** Takes the validation images' error, unless it is known; false if it was asked to stop. */
  private boolean validate(Stage stage) throws InputException {
    if (progress.validatedAt == progress.step) {
      return true;
    }
    long begin = System.nanoTime();
    OptionalDouble error = validation.error(() -> stopRequested);
    progress.validationSeconds += (System.nanoTime() - begin) * 1e-9;
    if (error.isEmpty()) {
      return false;
    }
    progress.error = error.getAsDouble();
    progress.validatedAt = progress.step;
    run.log()
        .line(RunLog.Event.EVAL)
        .put("step", progress.step)
        .put("stage", stage.index())
        .put("validation_mse", progress.error)
        .write();
    listener.validated(stage, progress.step, progress.error);
    return true;
  }

  private void end(Stage stage) throws InputException {
    DiffusionStageReport report =
        new DiffusionStageReport(
            stage.index(),
            stage.unfreezing().resolution(),
            stage.unfreezing().level(),
            learner.trainable(),
            stage.firstStep(),
            stage.steps(),
            progress.stageSeconds,
            progress.stageLoss / stage.steps(),
            progress.error);
    progress.finished.add(report);
    progress.unfreezing = null;
    progress.stageSeconds = 0;
    progress.stageLoss = 0;
    run.writeSchedule(new Stages(progress.finished));
    save();
    listener.stageFinished(report);
  }

  /** What {@code schedule.yaml} says. */
  private record Stages(
      @Comment("the stages as they happened") List<DiffusionStageReport> stages) {}

  private void save() throws InputException {
    progress.seconds = run.seconds();
    run.save(
        progress.step,
        learner.weights(),
        learner.state(),
        Map.of("model", setup.plan().model(), "material", material(), "progress", progress));
    checkpointNanos = System.nanoTime();
  }

  private void writeWeights() throws InputException {
    SafetensorsWriter.write(
        path.resolve(DiffusionSetup.WEIGHTS),
        learner.network().parameters().placesIn(learner.average().values()),
        Map.of());
  }

  private DiffusionSummary summary(boolean complete) {
    return new DiffusionSummary(
        complete,
        progress.finished,
        progress.error,
        progress.step,
        progress.trainSeconds(),
        progress.searchSeconds,
        progress.validationSeconds);
  }
}
