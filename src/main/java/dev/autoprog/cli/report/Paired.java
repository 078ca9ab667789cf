package dev.autoprog.cli.report;

import java.util.Map;

/** A quantity against the baseline: its spread, and its values by seed. */
record Paired(double mean, Double std, double least, double greatest, Map<Long, Double> seeds) {
  /** Null where no seed has a run of the baseline, too. */
  static Paired of(Map<Long, Double> seeds) {
    if (seeds.isEmpty()) {
      return null;
    }
    Spread spread = Spread.of(seeds.values());
    return new Paired(spread.mean(), spread.std(), spread.least(), spread.greatest(), seeds);
  }
}
