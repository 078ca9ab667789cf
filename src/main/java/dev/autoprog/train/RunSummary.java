package dev.autoprog.train;

import java.util.List;

/**
 * How a run ended.
 *
 * @param complete false if it was stopped before its last epoch
 * @param stages those that were finished, in order
 * @param testAccuracy of the network at the end, in 0 … 1; of the last evaluation if not complete
 * @param steps how many were taken
 * @param trainSeconds of all steps, evaluation and checkpoints apart
 * @param searchSeconds of all searches, the training steps in them left out
 * @param evaluationSeconds of all evaluations
 */
public record RunSummary(
    boolean complete,
    List<StageReport> stages,
    double testAccuracy,
    long steps,
    double trainSeconds,
    double searchSeconds,
    double evaluationSeconds) {

  /**
   * What training the full network throughout would have cost: the mean step time of the last
   * stage, which trains it, times all steps.
   */
  public double fullSizeSeconds() {
    return stages.isEmpty() ? 0 : stages.get(stages.size() - 1).stepSeconds() * steps;
  }
}
