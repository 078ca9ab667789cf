package dev.autoprog.train.diffusion;

import dev.autoprog.backend.Session;
import dev.autoprog.data.Batch;
import dev.autoprog.diffusion.NoiseSchedule;
import dev.autoprog.diffusion.NoisyBatch;
import dev.autoprog.diffusion.TrainingDraws;
import dev.autoprog.model.Conditions;
import dev.autoprog.progressive.unfreeze.StageIdentifier;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Rng;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;

/** Makes of batches of stored images what a denoising network reads: noisy images, conditions. */
final class DiffusionBatches implements AutoCloseable {
  /** Keeps the draws of dropped labels apart from others of the same seed. */
  private static final long LABEL_STREAM = 0x6c_6162;

  private final Session session;
  private final DiffusionConfig config;
  private final DiffusionPlan plan;
  private final TrainingDraws draws;
  private final DiffusionData.Feeder feeder;
  private final int channels;

  DiffusionBatches(DiffusionSetup setup) {
    this.session = setup.session();
    this.config = setup.config();
    this.plan = setup.plan();
    this.draws = new TrainingDraws(config.seed(), plan.process().schedule().steps());
    this.feeder = setup.data().feeder(session);
    this.channels = setup.data().train().channels();
  }

  /**
   * What a step reads.
   *
   * @param noisy the images with their noise, in the step's arena
   */
  record Step(NoisyBatch noisy, Conditions conditions) {}

  /**
   * For training: labels and identifiers are dropped now and then.
   *
   * @param epoch that the batch is of
   * @param stage s
   */
  Step training(Batch batch, int side, int epoch, int stage, long step) {
    int[] labels = batch.labels().clone();
    for (int i = 0; i < labels.length; i++) {
      double chance = Rng.of(config.seed(), LABEL_STREAM, step, i).nextDouble();
      if (chance < config.noise().labelDrop()) {
        labels[i] = plan.model().classes();
      }
    }
    int[] stages = null;
    if (plan.model().stages() > 0) {
      stages = identifier().ofBatch(stage, labels.length, config.seed(), step);
    }
    return of(batch, side, epoch, labels, stages);
  }

  /**
   * For judging: every image with its label and its stage's identifier, and with noise that is
   * always the same.
   *
   * @param epoch whose noise
   */
  Step judging(Batch batch, int side, int epoch, int stage) {
    int[] labels = batch.labels();
    int[] stages = plan.model().stages() > 0 ? identifier().ofSamples(stage, labels.length) : null;
    return of(batch, side, epoch, labels, stages);
  }

  private StageIdentifier identifier() {
    return new StageIdentifier(plan.model().stages(), config.progressive().identifierDrop());
  }

  /**
   * Begins to bring the images of the batch that comes next to the device, while that is at a step.
   */
  void ahead(Batch batch) {
    feeder.ahead(batch);
  }

  /** What a step reads of so many samples, without content: to see what it takes. */
  Step blank(int samples, int side) {
    Tensor zero = session.arena().allocate(DType.FLOAT32, Shape.of(samples, channels, side, side));
    session.kernels().fill(zero, 0);
    NoiseSchedule schedule = plan.process().schedule();
    NoisyBatch noisy = NoisyBatch.of(session, schedule, zero, zero, new int[samples]);
    int[] first = new int[samples];
    return new Step(noisy, new Conditions(noisy.told(schedule), first, first, null));
  }

  private Step of(Batch batch, int side, int epoch, int[] labels, int[] stages) {
    session.arena().reset();
    Tensor clean = feeder.input(batch, side);
    int[] indices = batch.indices();
    Tensor noise = session.arena().allocate(DType.FLOAT32, clean.shape());
    draws.noise(session, epoch, noise, indices);
    NoisyBatch noisy =
        NoisyBatch.of(
            session, plan.process().schedule(), clean, noise, draws.timesteps(epoch, indices));
    float[] told = noisy.told(plan.process().schedule());
    return new Step(noisy, new Conditions(told, labels, stages, null));
  }

  @Override
  public void close() {
    feeder.close();
  }
}
