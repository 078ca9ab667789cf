package dev.autoprog.train;

import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.progressive.search.SearchSpace;

/** Hears how a run goes, on the thread that trains. */
public interface TrainingListener {
  /** Hears nothing. */
  TrainingListener NONE = new TrainingListener() {};

  /**
   * A stage begins, or goes on after a resumption.
   *
   * @param steps of the whole run
   */
  default void stageStarted(Stage stage, long steps) {}

  /**
   * The network of a stage is about to be searched; the steps to come train candidates at random.
   *
   * @param planned the stage as the manual schedule has it
   */
  default void searchStarted(Stage planned, SearchSpace space) {}

  /** The network of a stage was found. */
  default void searched(Stage stage, SearchDecision decision) {}

  /**
   * A step was taken.
   *
   * @param step counts from 0, over all stages
   * @param accuracy share of the batch that was classified rightly, augmented as it was
   * @param imagesPerSecond of this step
   */
  default void stepped(
      Stage stage, long step, double loss, double accuracy, double imagesPerSecond) {}

  /**
   * The test images were classified at the stage's resolution.
   *
   * @param epoch counts from 0
   */
  default void evaluated(Stage stage, int epoch, double accuracy) {}

  /** A stage is over. */
  default void stageFinished(StageReport report) {}
}
