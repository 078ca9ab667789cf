package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.DataSplit;
import dev.autoprog.model.VisionTransformer;
import dev.autoprog.nn.Precision;
import dev.autoprog.optim.AdamW;
import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.tensor.DeviceMemoryException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a run is given, and what follows from that before its first step.
 *
 * @param material by which a checkpoint is known to be of the same run
 */
record RunSetup(
    Session session,
    RunConfig config,
    DataSplit data,
    RunPlan plan,
    ChannelStatistics statistics,
    TrainingMaterial material) {
  private static final Logger LOG = LoggerFactory.getLogger(RunSetup.class);

  static RunSetup of(Session session, RunConfig config, DataSplit data) throws InputException {
    ChannelStatistics statistics = ChannelStatistics.of(data.train());
    return new RunSetup(
        session,
        config,
        data,
        RunPlan.of(config, data.train()),
        statistics,
        TrainingMaterial.of(data, statistics, config.training().batch()));
  }

  /**
   * A learner whose network has so many blocks, with fresh weights.
   *
   * @throws InputException if there is no room for it
   */
  Learner newLearner(int depth) throws InputException {
    Precision precision = config.precision().in(session);
    if (precision == Precision.BF16 && !session.multipliesBFloat16()) {
      LOG.warn(
          "precision bf16: this processor has no instructions for it, and multiplies float32 copies;"
              + " fp32 is faster here");
    }
    RunConfig.Optimizer o = config.optimizer();
    try {
      VisionTransformer model =
          VisionTransformer.create(
              session, plan.model().withDepth(depth), precision, config.seed());
      model.recomputeBlocks(config.training().recompute());
      return new Learner(
          session,
          model,
          new AdamW.Settings(o.beta1(), o.beta2(), o.epsilon(), o.weightDecay(), o.clipNorm()),
          config.averages(),
          config.progressive().moments(),
          config.seed());
    } catch (DeviceMemoryException e) {
      throw noRoom(depth, precision, false, e);
    }
  }

  /**
   * Grows the learner's network.
   *
   * @throws InputException if there is no room for the grown one beside the old, which then stays
   */
  void grow(Learner learner, GrowthMap map) throws InputException {
    session.arena().close(); // what steps took is room for the grown one beside the old
    try {
      learner.grow(map);
    } catch (DeviceMemoryException e) {
      throw noRoom(map.to(), learner.model().precision(), false, e);
    }
  }

  /**
   * Makes the learner note what it is now, so that it can return to it.
   *
   * @throws InputException if there is no room for that
   */
  void mark(Learner learner) throws InputException {
    session.arena().close();
    try {
      learner.mark();
    } catch (DeviceMemoryException e) {
      throw noRoom(learner.depth(), learner.model().precision(), true, e);
    }
  }

  private InputException noRoom(
      int depth, Precision precision, boolean marked, DeviceMemoryException cause) {
    return new NetworkMemory(
            plan.model().withDepth(depth), precision, config.averages().decays().size(), marked)
        .refusal(session.device(), cause);
  }
}
