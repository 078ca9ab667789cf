package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.Session;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.data.DataSplit;
import dev.autoprog.progressive.search.Candidate;
import dev.autoprog.progressive.search.SubNetwork;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Training runs that take a moment: a ViT of width 16 on {@link TinyImages}. */
final class TinyRuns {
  static final DataSplit IMAGES = TinyImages.split(96, 32);

  private TinyRuns() {}

  /** Six epochs of six steps in three stages, with everything random switched on. */
  static RunConfig config(String... overrides) throws InputException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "backend=" + dev.autoprog.testing.Candidate.nameOr("auto"),
                "training.epochs=6",
                "training.batch=16",
                "training.checkpoint_seconds=1000",
                "model.patch=3",
                "model.width=16",
                "model.depth=4",
                "model.heads=2",
                "optimizer.warmup_epochs=1",
                "optimizer.learning_rate=0.003",
                "regularization.erase=0.5",
                "regularization.stochastic_depth=0.2",
                "regularization.min_crop_area=0.6",
                "regularization.rand_augment=9",
                "regularization.mixup_alpha=0.8",
                "regularization.cutmix_alpha=1",
                "regularization.mixup_probability=0.8",
                "progressive.stages=3",
                "averages.decays=[0.8, 0.9]"));
    all.addAll(List.of(overrides));
    return ConfigFile.override(RunConfig.DEFAULT, all);
  }

  /** Trains from the beginning on all processors of the best backend. */
  static RunSummary train(RunConfig config, Path directory, TrainingListener listener)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      return trainer(session, config, directory, listener).train();
    }
  }

  /** Trains until {@code steps} are done, then stops as Ctrl-C would. */
  static RunSummary trainUntil(long steps, RunConfig config, Path directory)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      return stopping(steps, session, config, directory).train();
    }
  }

  /** Goes on until {@code steps} are done over all. */
  static RunSummary resumeUntil(long steps, RunConfig config, Path directory)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      return stopping(steps, session, config, directory).resume();
    }
  }

  /** Goes on to the end with these images. */
  static RunSummary resumeOn(DataSplit images, RunConfig config, Path directory)
      throws InputException, TrainingException {
    try (Session session = Session.open(Backend.named(config.backend()))) {
      return Trainer.of(session, config).on(images).into(directory).resume();
    }
  }

  /** Goes on to the end. */
  static RunSummary resume(RunConfig config, Path directory)
      throws InputException, TrainingException {
    return resumeUntil(Long.MAX_VALUE, config, directory);
  }

  private static Trainer stopping(long steps, Session session, RunConfig config, Path directory) {
    Trainer[] trainer = new Trainer[1];
    trainer[0] =
        trainer(
            session,
            config,
            directory,
            new TrainingListener() {
              @Override
              public void stepped(
                  dev.autoprog.progressive.growth.Stage stage,
                  long step,
                  double loss,
                  double accuracy,
                  double imagesPerSecond) {
                if (step + 1 >= steps) {
                  trainer[0].requestStop();
                }
              }
            });
    return trainer[0];
  }

  /** A trainer of {@link #IMAGES} that has not begun. */
  static Trainer trainer(
      Session session, RunConfig config, Path directory, TrainingListener listener) {
    return Trainer.of(session, config)
        .on(IMAGES)
        .into(directory)
        .heardBy(listener)
        .timedBy(TinyRuns::secondsOfStep);
  }

  /** The same each time, as no measurement is: what the step takes by its size. */
  private static double secondsOfStep(SubNetwork network, Runnable step) {
    step.run();
    Candidate candidate = network.candidate();
    return 1e-5 * candidate.depth() * candidate.resolution() * candidate.resolution();
  }
}
