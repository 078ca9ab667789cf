package dev.autoprog.cli.report;

import java.util.Locale;
import java.util.Map;

/** How a comparison's numbers are written, on paper and on a terminal. */
public final class Numbers {
  static final String NONE = "–";

  private Numbers() {}

  /** A share as a percentage: {@code 86.4 ± 0.2 %}. */
  public static String percent(Spread share) {
    return share.format(value -> format("%.1f", 100 * value)) + " %";
  }

  /** {@code 65.0 ± 0.8 s}. */
  public static String seconds(Spread seconds) {
    return seconds.format(value -> format("%.1f", value)) + " s";
  }

  /** Ratios by seed: {@code 1.60×}, or {@code 1.60× (1.57 – 1.63)}; a dash for none. */
  public static String ratio(Map<Long, Double> bySeed) {
    if (bySeed.isEmpty()) {
      return NONE;
    }
    Spread spread = Spread.of(bySeed.values());
    String range =
        bySeed.size() == 1 ? "" : format(" (%.2f – %.2f)", spread.least(), spread.greatest());
    return format("%.2f×", spread.mean()) + range;
  }

  /** Differences of accuracy by seed, in percentage points: {@code −0.3}; a dash for none. */
  public static String points(Map<Long, Double> bySeed) {
    if (bySeed.isEmpty()) {
      return NONE;
    }
    double mean = 100 * Spread.of(bySeed.values()).mean();
    return format("%+.1f", mean).replace('-', '−');
  }

  /** Four digits of a number; a dash for NaN. */
  static String digits(double value) {
    return Double.isNaN(value) ? NONE : format("%.4g", value);
  }

  static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
