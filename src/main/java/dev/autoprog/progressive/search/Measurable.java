package dev.autoprog.progressive.search;

import dev.autoprog.progressive.search.Searchable.Cost;

/**
 * A network that can be judged without training it, as each of several candidates. Weights,
 * averages and the optimizer's state are the same afterwards.
 *
 * @param <C> what tells candidates apart: resolution and depth, or resolution and how much is
 *     unfrozen
 * @param <X> what can go wrong with the trainer's data or disk; {@code RuntimeException} if nothing
 *     that a caller must handle
 */
public interface Measurable<C, X extends Exception> {
  /** Seconds of one training step, warmed up; above 0. */
  double stepSeconds(C candidate) throws X;

  /** κ of the neural tangent kernel over a few batches, or why there is none. */
  Trainability trainability(C candidate) throws X;

  /** ZiCo over a few batches, in float64; large is trainable. */
  double zico(C candidate) throws X;

  /** What the candidate would cost; for the decision's table, not for the decision. */
  default Cost cost(C candidate) {
    return Cost.UNKNOWN;
  }

  /**
   * How well the samples can be told apart in training.
   *
   * @param kappa λ_max / λ_min of the neural tangent kernel; NaN if it has none
   * @param obstacle why it has none; empty if it has one
   */
  record Trainability(double kappa, String obstacle) {
    /** Checks that one of the two is there. */
    public Trainability {
      if (obstacle.isEmpty() != (kappa >= 1)) {
        throw new IllegalArgumentException(
            "κ = " + kappa + " and \"" + obstacle + "\": expected one of the two, κ from 1 on");
      }
    }

    /** A kernel with this condition number. */
    public static Trainability of(double kappa) {
      return new Trainability(kappa, "");
    }

    /** A kernel without one. */
    public static Trainability none(String obstacle) {
      return new Trainability(Double.NaN, obstacle);
    }
  }
}
