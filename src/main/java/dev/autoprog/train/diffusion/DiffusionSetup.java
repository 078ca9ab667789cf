package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.optim.AdamW;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import java.nio.file.Path;

/** What a run is given, and what follows from that before its first step. */
record DiffusionSetup(
    Session session, DiffusionConfig config, DiffusionData data, DiffusionPlan plan) {
  /**
   * Restricts the data to what is wanted, plans, and checks that there is something to read at
   * every side.
   *
   * @throws InputException if the configuration does not fit the data or itself
   */
  static DiffusionSetup of(Session session, DiffusionConfig config, DiffusionData all)
      throws InputException {
    DiffusionData data = all.select(config.data().selection());
    DiffusionPlan plan = DiffusionPlan.of(config, data.train());
    data.requireFlip(config.data().flip());
    for (UnfreezingSchedule.Stage stage : plan.schedule().stages()) {
      data.train(stage.unfreezing().resolution());
    }
    data.test(plan.model().resolution());
    return new DiffusionSetup(session, config, data, plan);
  }

  /**
   * A learner with the weights that the configuration names, or with fresh ones.
   *
   * @param listener hears what was read
   * @throws InputException if the file is not of this network
   */
  DiffusionLearner newLearner(DiffusionListener listener) throws InputException {
    DenoisingNetwork network =
        plan.model().create(session, config.precision().in(session), config.seed());
    try {
      if (!config.model().weights().isEmpty()) {
        Path file = DiffusionTrainer.weightsIn(Path.of(config.model().weights()));
        listener.weightsRead(
            file, PretrainedWeights.read(file, network, config.model().freshClasses()));
      }
      DiffusionConfig.Optimizer o = config.optimizer();
      return new DiffusionLearner(
          session,
          network,
          plan.process(),
          new AdamW.Settings(o.beta1(), o.beta2(), o.epsilon(), o.weightDecay(), o.clipNorm()),
          o.averageDecay());
    } catch (InputException | RuntimeException e) {
      network.close();
      throw e;
    }
  }
}
