package dev.autoprog.progressive.search;

import dev.autoprog.progressive.growth.Stage;
import java.util.Comparator;

/**
 * What a stage may train, {@code ψ = (R, L)}. In order of resolution, then depth.
 *
 * @param resolution R, image side in pixels
 * @param depth L, blocks
 */
public record Candidate(int resolution, int depth) implements Comparable<Candidate> {
  private static final Comparator<Candidate> ORDER =
      Comparator.comparingInt(Candidate::resolution).thenComparingInt(Candidate::depth);

  /** Checks that there is at least a pixel and a block. */
  public Candidate {
    if (resolution < 1 || depth < 1) {
      throw new IllegalArgumentException(
          "a candidate of "
              + resolution
              + " pixels and "
              + depth
              + " blocks, expected both above 0");
    }
  }

  /** What a stage of a schedule trains. */
  public static Candidate of(Stage stage) {
    return new Candidate(stage.resolution(), stage.depth());
  }

  /** The stage as it is when it trains this candidate. */
  public Stage in(Stage planned) {
    return new Stage(
        planned.index(),
        planned.firstEpoch(),
        planned.epochs(),
        resolution,
        depth,
        planned.strength());
  }

  @Override
  public int compareTo(Candidate other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return resolution + " px, " + depth + (depth == 1 ? " block" : " blocks");
  }
}
