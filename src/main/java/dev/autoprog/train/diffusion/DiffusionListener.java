package dev.autoprog.train.diffusion;

import dev.autoprog.io.WeightFile;
import dev.autoprog.progressive.search.ZeroShotDecision;
import dev.autoprog.progressive.unfreeze.Unfreezing;
import dev.autoprog.progressive.unfreeze.UnfreezingSchedule;
import java.nio.file.Path;

/** Hears how a run goes, on the thread that trains. */
public interface DiffusionListener {
  /** Hears nothing. */
  DiffusionListener NONE = new DiffusionListener() {};

  /**
   * The weights that training begins with were read from a file.
   *
   * @param report what begins afresh, and what of the file was not used; not what the network
   *     computes from its sizes
   */
  default void weightsRead(Path file, WeightFile.Report report) {}

  /** What a stage trains was found. */
  default void searched(UnfreezingSchedule.Stage planned, ZeroShotDecision<Unfreezing> decision) {}

  /**
   * A stage begins, or goes on after a resumption.
   *
   * @param steps of the whole run
   */
  default void stageStarted(UnfreezingSchedule.Stage stage, long steps) {}

  /**
   * A step was taken.
   *
   * @param step counts from 0, over all stages
   * @param imagesPerSecond of this step
   */
  default void stepped(
      UnfreezingSchedule.Stage stage, long step, double loss, double imagesPerSecond) {}

  /**
   * The validation images' error was taken.
   *
   * @param step how many were taken before
   */
  default void validated(UnfreezingSchedule.Stage stage, long step, double error) {}

  /** A stage is over. */
  default void stageFinished(DiffusionStageReport report) {}
}
