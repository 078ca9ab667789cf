package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.DataSplit;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.search.ZeroShotSearch;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule.Stage;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.RunDirectory;
import dev.autoprog.run.Stoppable;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.train.BatchMemory;
import dev.autoprog.train.TrainingException;
import dev.autoprog.train.diffusion.DiffusionBatches.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  /** The file in a finished run's directory with the averaged weights. */
  static final String WEIGHTS = "weights.safetensors";

  private final Session session;
  private final DiffusionConfig config;
  private DiffusionData data;
  private Path path;
  private DiffusionListener listener = DiffusionListener.NONE;
  private volatile boolean stopRequested;
  private volatile boolean begun;

  private DiffusionSetup setup;
  private DiffusionLearner learner;
  private DiffusionBatches batches;
  private Validation validation;
  private DiffusionRecord run;
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

  /**
   * The file with the weights at a place: the file itself, or that of a finished run's directory.
   */
  public static Path weightsIn(Path place) {
    return Files.isDirectory(place) ? place.resolve(WEIGHTS) : place;
  }

  /** The images to train on and to validate on, of all classes. */
  public DiffusionTrainer on(DataSplit images) {
    return on(DiffusionData.of(images));
  }

  /** The images or latents to train on and to validate on, of all classes. */
  public DiffusionTrainer on(DiffusionData data) {
    this.data = data;
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
    if (data == null || path == null) {
      throw new IllegalStateException(
          "No images or latents to train on, or no directory for the run: call on(…) and into(…) first");
    }
    setup = DiffusionSetup.of(session, config, data);
    learningRate = setup.plan().learningRate(config.optimizer());
    Optional<Checkpoint> checkpoint =
        resuming ? Optional.of(Checkpoint.newestOf(path)) : Optional.empty();
    progress =
        checkpoint.isPresent()
            ? DiffusionRecord.progressOf(checkpoint.get(), setup)
            : new DiffusionProgress();
    run = null;
    try (DiffusionLearner newLearner =
            setup.newLearner(resuming ? DiffusionListener.NONE : listener);
        DiffusionBatches newBatches = new DiffusionBatches(setup);
        Validation newValidation = new Validation(setup, newLearner);
        DiffusionRecord opened = // the last: whatever was refused by now has written nothing
            resuming
                ? DiffusionRecord.resume(path, setup, progress)
                : DiffusionRecord.create(path, setup)) {
      run = opened;
      learner = newLearner;
      batches = newBatches;
      validation = newValidation;
      if (checkpoint.isPresent()) {
        unfreezeAsBefore();
        DiffusionRecord.restore(checkpoint.get(), learner);
      } else {
        save(); // whenever the process dies, there is something to resume
      }
      begun = true;
      return stages();
    } catch (InputException | DeviceMemoryException e) {
      if (run != null && !resuming && progress.step == 0) {
        run.discard(e);
      }
      throw e;
    } finally {
      session.arena().close();
    }
  }

  /**
   * What was trained when the checkpoint was written decides what it has an optimizer's state of.
   */
  private void unfreezeAsBefore() {
    for (DiffusionStageReport report : progress.finished) {
      learner.train(config.progressive().pattern(), report.level(), report.firstStep());
    }
    if (progress.unfreezing != null) {
      Stage present = setup.plan().schedule().stages().get(progress.finished.size());
      learner.train(
          config.progressive().pattern(), progress.unfreezing.level(), present.firstStep());
    }
  }

  private DiffusionSummary stages() throws InputException, TrainingException {
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
    run.writeWeights(learner);
    DiffusionSummary summary = summary(true);
    run.logEnd(summary);
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
      run.logStage(progress.step, stage, learner.trainable());
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
    run.logSearch(progress.step, planned, decision, seconds);
    listener.searched(planned, decision);
    return decision.winner();
  }

  /** Takes the steps that a stage still has; false if it was asked to stop before the last. */
  private boolean steps(Stage stage) throws InputException, TrainingException {
    try (BatchLoader loader =
        new BatchLoader(
            setup.data().train(stage.unfreezing().resolution()),
            config.training().batch(),
            config.seed(),
            session.threads())) {
      return steps(stage, loader);
    }
  }

  private boolean steps(Stage stage, BatchLoader loader) throws InputException, TrainingException {
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
            step(stage, batch, epoch, cursor);
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

  private void step(Stage stage, Batch batch, int epoch, BatchCursor following)
      throws InputException, TrainingException {
    long begin = System.nanoTime();
    double rate = learningRate.at(progress.step);
    int side = stage.unfreezing().resolution();
    DiffusionLearner.StepResult result;
    try {
      Step read = batches.training(batch, side, epoch, stage.index(), progress.step);
      DiffusionLearner.Begun begun =
          learner.begin(read.noisy(), read.conditions(), progress.step, rate);
      following.peek().ifPresent(batches::ahead);
      result = begun.await();
    } catch (DeviceMemoryException e) {
      throw BatchMemory.refusal(
          session, batch.size(), this::rehearse, BatchMemory.Later.SAME, "Lower training.batch", e);
    }
    if (!result.isFinite()) {
      throw new TrainingException(
          ("At step %d the loss is %s and the gradient's norm %s; the last good checkpoint is kept"
                  + " in %s. Lower optimizer.learning_rate or set optimizer.clip_norm, and begin"
                  + " again.")
              .formatted(progress.step, result.loss(), result.gradientNorm(), run.path()));
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    double speed = batch.size() / seconds;
    run.logStep(progress.step, stage, result, rate, speed, session.arena().peakBytes());
    listener.stepped(stage, progress.step, result.loss(), speed);
    progress.step++;
    progress.stageSeconds += seconds;
    progress.stageLoss += result.loss();
  }

  /** A step at full resolution, of which nothing is learned. */
  private void rehearse(int samples) {
    Step blank = batches.blank(samples, setup.plan().model().resolution());
    learner.rehearse(blank.noisy(), blank.conditions());
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
    run.logValidation(progress, stage);
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
    run.writeSchedule(progress.finished);
    save();
    listener.stageFinished(report);
  }

  private void save() throws InputException {
    run.save(progress, learner);
    checkpointNanos = System.nanoTime();
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
