package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.data.Mix;
import dev.autoprog.data.Mixup;
import dev.autoprog.data.RandAugment;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.nn.Targets;
import dev.autoprog.optim.AdamW;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Trains a vision transformer progressively: stage by stage, growing in between, with checkpoints
 * from which a later trainer goes on bit by bit.
 *
 * <pre>{@code
 * RunSummary run = Trainer.of(session, config).on(data).into(Path.of("runs/a")).train();
 * }</pre>
 */
public final class Trainer {
  private final Session session;
  private final RunConfig config;
  private DataSplit data;
  private Path directory;
  private TrainingListener listener = TrainingListener.NONE;
  private volatile boolean stopRequested;
  private volatile boolean begun;

  private RunPlan plan;
  private ChannelStatistics statistics;
  private TrainingMaterial material;
  private Mixup mixup;
  private LearningRate learningRate;
  private Learner learner;
  private ImageFeeder feeder;
  private BatchLoader trainLoader;
  private BatchLoader testLoader;
  private RunDirectory run;
  private Progress progress;
  private long checkpointNanos;

  private Trainer(Session session, RunConfig config) {
    this.session = session;
    this.config = config;
  }

  /** A trainer that computes in {@code session}, whose thread must be the one that trains. */
  public static Trainer of(Session session, RunConfig config) {
    return new Trainer(session, config);
  }

  /**
   * The configuration of a run that was begun in {@code directory}.
   *
   * @throws InputException if there is none
   */
  public static RunConfig configOf(Path directory) throws InputException {
    return RunDirectory.configOf(directory);
  }

  /** The images to train on and to test on. */
  public Trainer on(DataSplit data) {
    this.data = data;
    return this;
  }

  /** The run's directory, which gets the configuration, the metrics and the checkpoints. */
  public Trainer into(Path directory) {
    this.directory = directory;
    return this;
  }

  /** Who hears how it goes. */
  public Trainer heardBy(TrainingListener listener) {
    this.listener = listener;
    return this;
  }

  /**
   * Asks the training thread to write a checkpoint after the present step, or the present batch of
   * an evaluation, and to return; callable from any thread.
   */
  public void requestStop() {
    stopRequested = true;
  }

  /** Whether steps are being taken, or were, so that a stop has something to save. */
  public boolean hasBegun() {
    return begun;
  }

  /**
   * Trains from the beginning.
   *
   * @throws InputException if the configuration does not fit, the directory has a run in it, or the
   *     disk refuses
   * @throws TrainingException if the loss is not finite
   */
  public RunSummary train() throws InputException, TrainingException {
    return run(false);
  }

  /**
   * Goes on from the newest intact checkpoint in the directory, to the same bits that training
   * without the break would have reached on the same backend, processor and number of threads.
   *
   * @throws InputException if there is none, or it is of another model
   * @throws TrainingException if the loss is not finite
   */
  public RunSummary resume() throws InputException, TrainingException {
    return run(true);
  }

  private RunSummary run(boolean resuming) throws InputException, TrainingException {
    plan = RunPlan.of(config, data.train());
    learningRate = plan.learningRate(config.optimizer());
    Optional<Checkpoint> checkpoint =
        resuming ? Optional.of(Checkpoint.newestOf(directory)) : Optional.empty();
    mixup = config.regularization().mixup();
    statistics = ChannelStatistics.of(data.train());
    material = TrainingMaterial.of(data, statistics, config.training().batch());
    progress =
        checkpoint.isPresent()
            ? RunDirectory.progressOf(checkpoint.get(), plan.model(), material)
            : beginning();
    try (RunDirectory openRun =
            resuming
                ? RunDirectory.resume(directory, progress)
                : RunDirectory.create(directory, config);
        Learner newLearner = newLearner();
        ImageFeeder newFeeder = new ImageFeeder(session, data.train(), statistics);
        BatchLoader training = loader(data.train());
        BatchLoader test = loader(data.test())) {
      run = openRun;
      learner = newLearner;
      feeder = newFeeder;
      trainLoader = training;
      testLoader = test;
      if (checkpoint.isPresent()) {
        RunDirectory.restore(checkpoint.get(), learner);
        checkpointNanos = System.nanoTime();
      } else {
        save(); // whenever the process dies, there is something to resume
      }
      begun = true;
      return stages();
    } finally {
      session.arena().close();
    }
  }

  private Progress beginning() {
    Progress beginning = new Progress();
    beginning.depth = plan.schedule().stages().get(0).depth();
    return beginning;
  }

  private Learner newLearner() {
    RunConfig.Optimizer o = config.optimizer();
    VisionTransformer model =
        VisionTransformer.create(
            session,
            plan.model().withDepth(progress.depth),
            config.precision().in(session),
            config.seed());
    model.recomputeBlocks(config.training().recompute());
    return new Learner(
        session,
        model,
        new AdamW.Settings(o.beta1(), o.beta2(), o.epsilon(), o.weightDecay(), o.clipNorm()),
        config.averages(),
        config.progressive().moments(),
        config.seed());
  }

  private BatchLoader loader(ImageDataset images) {
    return new BatchLoader(images, config.training().batch(), config.seed(), session.threads());
  }

  private RunSummary stages() throws InputException, TrainingException {
    for (Stage stage : plan.schedule().stages()) {
      if (stage.endEpoch() <= progress.epoch) {
        continue;
      }
      begin(stage);
      while (progress.epoch < stage.endEpoch()) {
        if (!steps(stage) || !evaluate(stage)) {
          save();
          return summary(false);
        }
      }
      end(stage);
    }
    RunSummary summary = summary(true);
    run.logEnd(summary);
    return summary;
  }

  private void begin(Stage stage) throws InputException {
    if (learner.depth() < stage.depth()) {
      learner.grow(config.progressive().operator().map(learner.depth(), stage.depth()));
      progress.depth = stage.depth();
    }
    if (progress.stageSteps == 0) {
      run.logStage(progress.step, stage);
    }
    listener.stageStarted(stage, plan.totalSteps());
  }

  /** Takes the steps that an epoch still has; false if it was asked to stop before the last. */
  private boolean steps(Stage stage) throws InputException, TrainingException {
    Augmentation augmentation =
        new Augmentation(
            config.regularization().flip(),
            stage.strength().minCropArea(),
            config.regularization().shift(),
            stage.strength().erase(),
            RandAugment.of(
                stage.strength().randAugment(),
                config.regularization().randAugmentStd(),
                statistics));
    try (BatchCursor batches = trainLoader.epoch(progress.epoch, progress.batch, augmentation)) {
      while (!stopRequested && batches.hasNext()) {
        try (Batch batch = batches.next()) {
          step(batch, stage);
        }
        if ((System.nanoTime() - checkpointNanos) * 1e-9 > config.training().checkpointSeconds()) {
          save();
        }
      }
    }
    return progress.batch == plan.stepsPerEpoch();
  }

  private void step(Batch batch, Stage stage) throws InputException, TrainingException {
    long begin = System.nanoTime();
    session.arena().reset();
    double rate = learningRate.at(progress.step);
    int side = stage.resolution();
    Mix mix = mixup.draw(config.seed(), progress.epoch, batch.number(), side);
    Tensor images = feeder.images(batch, side);
    feeder.mix(images, mix);
    Learner.StepResult result =
        learner.step(
            images,
            Targets.mirrored(batch.labels(), mix.targetLambda()),
            config.regularization().labelSmoothing(),
            stage.strength().stochasticDepth(),
            progress.step,
            rate);
    if (!result.isFinite()) {
      throw new TrainingException(
          String.format(
              "At step %d the loss is %s and the gradient's norm %s; the last good checkpoint is kept"
                  + " in %s. Lower optimizer.learning_rate or set optimizer.clip_norm, and begin"
                  + " again.",
              progress.step, result.loss(), result.gradientNorm(), directory));
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    double accuracy = (double) result.correct() / batch.size();
    double speed = batch.size() / seconds;
    run.logStep(progress.step, stage, result, accuracy, rate, speed, session.arena().peakBytes());
    listener.stepped(stage, progress.step, result.loss(), accuracy, speed);
    progress.step++;
    progress.batch++;
    progress.stageSteps++;
    progress.stageSeconds += seconds;
    progress.epochLoss += result.loss();
  }

  /** Ends an epoch whose steps are taken; false if it was asked to stop before the last image. */
  private boolean evaluate(Stage stage) throws InputException {
    long begin = System.nanoTime();
    OptionalDouble accuracy = accuracy(stage.resolution());
    progress.evaluationSeconds += (System.nanoTime() - begin) * 1e-9;
    if (accuracy.isEmpty()) {
      return false;
    }
    progress.testAccuracy = accuracy.getAsDouble();
    progress.lastLoss = progress.epochLoss / progress.batch;
    progress.epochLoss = 0;
    progress.batch = 0;
    progress.epoch++;
    run.logEvaluation(stage, progress);
    listener.evaluated(stage, progress.epoch - 1, progress.testAccuracy);
    return true;
  }

  private OptionalDouble accuracy(int resolution) throws InputException {
    long correct = 0;
    try (BatchCursor batches = testLoader.sequential()) {
      while (batches.hasNext()) {
        if (stopRequested) {
          return OptionalDouble.empty();
        }
        try (Batch batch = batches.next()) {
          session.arena().reset();
          correct += learner.evaluate(feeder.images(batch, resolution), batch.labels()).correct();
        }
      }
    }
    return OptionalDouble.of((double) correct / data.test().size());
  }

  private void end(Stage stage) throws InputException {
    StageReport report =
        new StageReport(
            stage.index(),
            stage.resolution(),
            stage.depth(),
            stage.epochs(),
            progress.stageSteps,
            progress.stageSeconds,
            progress.lastLoss,
            progress.testAccuracy);
    progress.finished.add(report);
    progress.stageSteps = 0;
    progress.stageSeconds = 0;
    run.writeSchedule(progress.finished);
    save();
    listener.stageFinished(report);
  }

  private void save() throws InputException {
    progress.seconds = run.seconds();
    run.save(progress, plan.model(), material, learner);
    checkpointNanos = System.nanoTime();
  }

  private RunSummary summary(boolean complete) {
    return new RunSummary(
        complete,
        new ArrayList<>(progress.finished),
        progress.testAccuracy,
        progress.step,
        progress.trainSeconds(),
        progress.evaluationSeconds);
  }
}
