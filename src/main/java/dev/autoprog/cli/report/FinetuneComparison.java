package dev.autoprog.cli.report;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Complete runs of a diffusion model side by side, and what they come to.
 *
 * @param runs of every arm and seed, in the order of the arms
 */
public record FinetuneComparison(List<FinetunedRun> runs) implements Arms<FinetunedRun> {
  /** Keeps the runs as they are. */
  public FinetuneComparison {
    runs = List.copyOf(runs);
  }

  /** By seed, the arm's validation error over the baseline's. */
  public Map<Long, Double> errorRatios(String arm) {
    return paired(arm, (full, run) -> run.error() / full.error());
  }

  /** By seed, the arm's Fréchet distance less the baseline's. */
  public Map<Long, Double> frechetDifferences(String arm) {
    return paired(arm, (full, run) -> run.frechetDistance() - full.frechetDistance());
  }

  /** The share of samples of their class; empty if the extractor does not tell them apart. */
  public Optional<Spread> classAccuracy(String arm) {
    List<Double> shares =
        of(arm).stream()
            .map(run -> run.quality().classAccuracy())
            .filter(Objects::nonNull)
            .toList();
    return shares.isEmpty() ? Optional.empty() : Optional.of(Spread.of(shares));
  }

  /**
   * The share of real images whose class the extractor sees, which are the same for all runs; empty
   * as above.
   */
  public Optional<Double> realAccuracy() {
    return runs.stream()
        .map(run -> run.quality().realAccuracy())
        .filter(Objects::nonNull)
        .findFirst();
  }
}
