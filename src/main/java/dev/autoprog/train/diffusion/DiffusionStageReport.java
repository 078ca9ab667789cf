package dev.autoprog.train.diffusion;

/**
 * A stage as it happened.
 *
 * @param stage s, from 0
 * @param resolution R, in pixels
 * @param level how many of the blocks were trained
 * @param trainable numbers that were trained
 * @param firstStep its first step
 * @param steps how many were taken
 * @param seconds of training, validation and search apart
 * @param loss mean training loss
 * @param error mean squared error on the validation images at its end
 */
public record DiffusionStageReport(
    int stage,
    int resolution,
    int level,
    long trainable,
    long firstStep,
    long steps,
    double seconds,
    double loss,
    double error) {

  /** Mean seconds of one step. */
  public double stepSeconds() {
    return steps == 0 ? 0 : seconds / steps;
  }
}
