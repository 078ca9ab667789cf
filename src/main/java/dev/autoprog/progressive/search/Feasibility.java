package dev.autoprog.progressive.search;

import java.util.Optional;

/** Whether a network can be built as a candidate says. */
@FunctionalInterface
public interface Feasibility {
  /** What stands in the candidate's way, as a phrase for people; empty if nothing does. */
  Optional<String> obstacle(Candidate candidate);

  /**
   * Images are cut into whole patches.
   *
   * @param side of a patch, in pixels
   */
  static Feasibility patch(int side) {
    return candidate ->
        candidate.resolution() % side == 0
            ? Optional.empty()
            : Optional.of(candidate.resolution() + " px are no multiple of the patch of " + side);
  }
}
