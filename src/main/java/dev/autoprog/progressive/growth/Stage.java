package dev.autoprog.progressive.growth;

/**
 * A stretch of training with one sub-network, {@code ψ_s = (R_s, L_s)}.
 *
 * @param index s, from 0
 * @param firstEpoch the epoch at which it begins, from 0
 * @param epochs how long it lasts
 * @param resolution R, image side in pixels
 * @param depth L, blocks
 * @param strength of its regularisation
 */
public record Stage(
    int index, int firstEpoch, int epochs, int resolution, int depth, Strength strength) {

  /** The epoch behind its last. */
  public int endEpoch() {
    return firstEpoch + epochs;
  }
}
