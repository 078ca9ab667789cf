package dev.autoprog.train.diffusion;

import java.util.List;

/**
 * How a run ended.
 *
 * @param complete false if it was stopped before its last step
 * @param stages those that were finished, in order
 * @param error mean squared error on the validation images, of the last validation
 * @param steps how many were taken
 * @param trainSeconds of all steps, validation, search and checkpoints apart
 * @param searchSeconds of all searches
 * @param validationSeconds of all validations
 */
public record DiffusionSummary(
    boolean complete,
    List<DiffusionStageReport> stages,
    double error,
    long steps,
    double trainSeconds,
    double searchSeconds,
    double validationSeconds) {
  /** Keeps the list as it is. */
  public DiffusionSummary {
    stages = List.copyOf(stages);
  }

  /**
   * What training everything throughout would have cost: the mean step time of the last stage,
   * which does so, times all steps.
   */
  public double fullSeconds() {
    return stages.isEmpty() ? 0 : stages.get(stages.size() - 1).stepSeconds() * steps;
  }
}
