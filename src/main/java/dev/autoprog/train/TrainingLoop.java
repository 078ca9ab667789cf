package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.Augmentation;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.ImageDataset;
import dev.autoprog.data.Mix;
import dev.autoprog.data.Mixup;
import dev.autoprog.data.RandAugment;
import dev.autoprog.model.VitConfig;
import dev.autoprog.nn.Targets;
import dev.autoprog.optim.LearningRate;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.growth.Strength;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.DeviceMemoryException;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/**
 * Takes the steps of a run, evaluates it and writes its checkpoints: what its stages and searches
 * are made of. Batches, steps and epochs are counted in the run's progress.
 */
final class TrainingLoop implements AutoCloseable {
  private final RunSetup setup;
  private final RunConfig.Regularization regularization;
  private final Mixup mixup;
  private final LearningRate learningRate;
  private final Learner learner;
  private final RunRecord run;
  private final Progress progress;
  private final TrainingListener listener;
  private final BooleanSupplier stopRequested;
  private final ImageFeeder feeder;
  private final BatchLoader trainLoader;
  private final BatchLoader testLoader;
  private long checkpointNanos = System.nanoTime();

  TrainingLoop(
      RunSetup setup,
      Learner learner,
      RunRecord run,
      Progress progress,
      TrainingListener listener,
      BooleanSupplier stopRequested) {
    this.setup = setup;
    this.regularization = setup.config().regularization();
    this.mixup = regularization.mixup();
    this.learningRate = setup.plan().learningRate(setup.config().optimizer());
    this.learner = learner;
    this.run = run;
    this.progress = progress;
    this.listener = listener;
    this.stopRequested = stopRequested;
    feeder = new ImageFeeder(setup.session(), setup.data().train(), setup.statistics());
    trainLoader = loader(setup.data().train());
    testLoader = loader(setup.data().test());
  }

  private BatchLoader loader(ImageDataset images) {
    RunConfig config = setup.config();
    return new BatchLoader(
        images, config.training().batch(), config.seed(), setup.session().threads());
  }

  Learner learner() {
    return learner;
  }

  Progress progress() {
    return progress;
  }

  RunSetup setup() {
    return setup;
  }

  boolean stopRequested() {
    return stopRequested.getAsBoolean();
  }

  /** The training batches of an epoch, from {@code first} on. */
  BatchCursor batches(int epoch, int first, Strength strength) throws InputException {
    Augmentation augmentation =
        new Augmentation(
            regularization.flip(),
            strength.minCropArea(),
            regularization.shift(),
            strength.erase(),
            RandAugment.of(
                strength.randAugment(), regularization.randAugmentStd(), setup.statistics()));
    return trainLoader.epoch(epoch, first, augmentation);
  }

  /** A batch as network input, in the step's arena, which holds nothing else then. */
  Tensor images(Batch batch, int side) {
    setup.session().arena().reset();
    return feeder.images(batch, side);
  }

  /** Takes the steps that an epoch still has; false if it was asked to stop before the last. */
  boolean steps(Stage stage) throws InputException, TrainingException {
    BlockPath all = BlockPath.of(learner.model().allBlocks());
    try (BatchCursor batches = batches(progress.epoch, progress.batch, stage.strength())) {
      while (!stopRequested() && batches.hasNext()) {
        step(batches, stage, all);
        saveIfDue();
      }
    }
    return progress.batch == setup.plan().stepsPerEpoch();
  }

  /**
   * Takes a step on the next batch.
   *
   * @param stage the resolution and the strength
   * @param path the blocks that are run through
   */
  void step(BatchCursor batches, Stage stage, BlockPath path)
      throws InputException, TrainingException {
    try (Batch batch = batches.next()) {
      step(batch, stage, path, batches);
    }
  }

  private void step(Batch batch, Stage stage, BlockPath path, BatchCursor following)
      throws InputException, TrainingException {
    long begin = System.nanoTime();
    Learner.StepResult result = learn(batch, stage, path, progress.epoch, progress.step, following);
    double seconds = (System.nanoTime() - begin) * 1e-9;
    double accuracy = (double) result.correct() / batch.size();
    double speed = batch.size() / seconds;
    run.logStep(
        progress.step,
        stage,
        result,
        accuracy,
        learningRate.at(progress.step),
        speed,
        setup.session().arena().peakBytes());
    listener.stepped(stage, progress.step, result.loss(), accuracy, speed);
    progress.step++;
    progress.batch++;
    progress.stageSteps++;
    progress.stageSeconds += seconds;
    progress.epochLoss += result.loss();
  }

  /**
   * Takes a step on the next batch that is none of the run's: nothing is counted or logged.
   *
   * @param epoch that the batch is of
   * @param step as which it counts to the learning rate and to stochastic depth
   */
  void stepBeside(BatchCursor batches, Stage stage, BlockPath path, int epoch, long step)
      throws InputException, TrainingException {
    try (Batch batch = batches.next()) {
      learn(batch, stage, path, epoch, step, batches);
    }
  }

  private Learner.StepResult learn(
      Batch batch, Stage stage, BlockPath path, int epoch, long step, BatchCursor following)
      throws InputException, TrainingException {
    Learner.StepResult result;
    try {
      result = step(batch, stage, path, epoch, step, following);
    } catch (DeviceMemoryException e) {
      throw BatchMemory.refusal(
          setup.session(),
          batch.size(),
          samples -> rehearse(samples, path),
          later(path),
          "Lower training.batch, or set training.recompute=true",
          e);
    }
    if (!result.isFinite()) {
      throw new TrainingException(
          String.format(
              "At step %d the loss is %s and the gradient's norm %s; the last good checkpoint is kept"
                  + " in %s. Lower optimizer.learning_rate or set optimizer.clip_norm, and begin"
                  + " again.",
              step, result.loss(), result.gradientNorm(), run.path()));
    }
    return result;
  }

  /** What the network takes at full size, beside what it takes now. */
  private BatchMemory.Later later(BlockPath path) {
    VitConfig full = setup.plan().model();
    long more = memory(full).bytes() - memory(full.withDepth(learner.depth())).bytes();
    return new BatchMemory.Later(more, (double) full.depth() / path.blocks().size());
  }

  private NetworkMemory memory(VitConfig network) {
    int averages = setup.config().averages().decays().size();
    return new NetworkMemory(network, learner.model().precision(), averages, false);
  }

  /** A step at full resolution on samples without content, of which nothing is learned. */
  private void rehearse(int samples, BlockPath path) {
    Session session = setup.session();
    int side = setup.plan().model().resolution();
    int channels = setup.data().train().channels();
    Tensor images =
        session.arena().allocate(DType.FLOAT32, Shape.of(samples, channels, side, side));
    session.kernels().fill(images, 0);
    learner.rehearse(path, images, Targets.of(new int[samples]), regularization.labelSmoothing());
  }

  /** Takes a step, and brings the next batch's pixels while the device is at it. */
  private Learner.StepResult step(
      Batch batch, Stage stage, BlockPath path, int epoch, long step, BatchCursor following) {
    int side = stage.resolution();
    Mix mix = mixup.draw(setup.config().seed(), epoch, batch.number(), side);
    Tensor images = images(batch, side);
    feeder.mix(images, mix);
    Learner.Begun begun =
        learner.begin(
            path,
            images,
            Targets.mirrored(batch.labels(), mix.targetLambda()),
            regularization.labelSmoothing(),
            stage.strength().stochasticDepth(),
            step,
            learningRate.at(step));
    following.peek().ifPresent(feeder::ahead);
    return begun.await();
  }

  /** Ends an epoch whose steps are taken; false if it was asked to stop before the last image. */
  boolean evaluate(Stage stage) throws InputException {
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
        if (stopRequested()) {
          return OptionalDouble.empty();
        }
        try (Batch batch = batches.next()) {
          correct += learner.evaluate(images(batch, resolution), batch.labels()).correct();
        }
      }
    }
    return OptionalDouble.of((double) correct / setup.data().test().size());
  }

  /** Writes a checkpoint. */
  void save() throws InputException {
    progress.seconds = run.seconds();
    run.save(progress, setup.plan().model(), setup.material(), learner);
    checkpointNanos = System.nanoTime();
  }

  /** Writes a checkpoint if the last one is old enough. */
  void saveIfDue() throws InputException {
    if ((System.nanoTime() - checkpointNanos) * 1e-9
        > setup.config().training().checkpointSeconds()) {
      save();
    }
  }

  @Override
  public void close() {
    testLoader.close();
    trainLoader.close();
    feeder.close();
  }
}
