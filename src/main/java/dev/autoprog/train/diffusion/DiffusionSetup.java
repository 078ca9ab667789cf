package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSplit;
import dev.autoprog.model.DenoisingNetwork;
import dev.autoprog.optim.AdamW;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** What a run is given, and what follows from that before its first step. */
record DiffusionSetup(Session session, DiffusionConfig config, DataSplit data, DiffusionPlan plan) {
  /** The file in a finished run's directory with the averaged weights. */
  static final String WEIGHTS = "weights.safetensors";

  /**
   * Restricts the images to the classes that are wanted, and plans.
   *
   * @throws InputException if the configuration does not fit the images or itself
   */
  static DiffusionSetup of(Session session, DiffusionConfig config, DataSplit images)
      throws InputException {
    Set<Integer> classes = new TreeSet<>(config.data().classes());
    DataSplit data = classes.isEmpty() ? images : images.ofClasses(classes);
    return new DiffusionSetup(session, config, data, DiffusionPlan.of(config, data.train()));
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
        Path file = weightsIn(Path.of(config.model().weights()));
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

  /** The file itself, or that of a finished run's directory. */
  static Path weightsIn(Path place) {
    return Files.isDirectory(place) ? place.resolve(WEIGHTS) : place;
  }
}
