package dev.autoprog.train;

/**
 * A stage as it happened.
 *
 * @param stage s, from 0
 * @param resolution R, in pixels
 * @param depth L, blocks
 * @param epochs how many were trained
 * @param steps how many were taken
 * @param seconds of training, evaluation apart
 * @param loss mean training loss of the last epoch
 * @param testAccuracy at the stage's end, at its resolution and depth, in 0 … 1
 */
public record StageReport(
    int stage,
    int resolution,
    int depth,
    int epochs,
    long steps,
    double seconds,
    double loss,
    double testAccuracy) {

  /** Mean seconds of one step. */
  public double stepSeconds() {
    return steps == 0 ? 0 : seconds / steps;
  }
}
