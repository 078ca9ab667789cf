package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.data.Batch;
import dev.autoprog.data.BatchCursor;
import dev.autoprog.data.BatchLoader;
import dev.autoprog.data.LabelledData;
import dev.autoprog.train.diffusion.DiffusionBatches.Step;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/**
 * The averaged weights' mean squared error on test images at full resolution, at timesteps and
 * noise that are always the same, with the last stage's identifier.
 */
final class Validation implements AutoCloseable {
  /** An epoch that no training has. */
  private static final int EPOCH = Integer.MIN_VALUE;

  private final DiffusionSetup setup;
  private final DiffusionLearner learner;
  private final DiffusionBatches batches;
  private final BatchLoader loader;

  Validation(DiffusionSetup setup, DiffusionLearner learner) throws InputException {
    this.setup = setup;
    this.learner = learner;
    LabelledData test = setup.data().test(setup.plan().model().resolution());
    LabelledData some = test.range(0, Math.min(test.size(), setup.config().validation().images()));
    this.batches = new DiffusionBatches(setup);
    this.loader =
        new BatchLoader(
            some,
            setup.config().training().batch(),
            setup.config().seed(),
            setup.session().threads());
  }

  /** The error; nothing if it was asked to stop before the last image. */
  OptionalDouble error(BooleanSupplier stopRequested) throws InputException {
    double sum = 0;
    int images = 0;
    int lastStage = Math.max(0, setup.plan().model().stages() - 1);
    try (BatchCursor cursor = loader.sequential()) {
      while (cursor.hasNext()) {
        if (stopRequested.getAsBoolean()) {
          return OptionalDouble.empty();
        }
        try (Batch batch = cursor.next()) {
          Step step = batches.judging(batch, setup.plan().model().resolution(), EPOCH, lastStage);
          sum += batch.size() * learner.averagesError(step.noisy(), step.conditions());
          images += batch.size();
        }
      }
    }
    return OptionalDouble.of(sum / images);
  }

  @Override
  public void close() {
    loader.close();
    batches.close();
  }
}
