package dev.autoprog.cli.report;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** How a comparison's numbers are written, on paper and on a terminal. */
public final class Numbers {
  static final String NONE = "–";

  private Numbers() {}

  /** {@code 5, 6, 7}. */
  public static String list(Collection<?> values) {
    return values.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  /** A share as a percentage: {@code 86.4 ± 0.2 %}. */
  public static String percent(Spread share) {
    return share.format(value -> format("%.1f", 100 * value)) + " %";
  }

  /** {@code 65.0 ± 0.8 s}. */
  public static String seconds(Spread seconds) {
    return seconds.format(value -> format("%.1f", value)) + " s";
  }

  /** What a run took: {@code 65.0 s of training + 4.1 s of search}. */
  public static String work(CompleteRun run) {
    String search =
        run.searchSeconds() > 0 ? format(" + %.1f s of search", run.searchSeconds()) : "";
    return format("%.1f s of training", run.trainSeconds()) + search;
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
    return signed("%+.1f", 100 * Spread.of(bySeed.values()).mean());
  }

  /** Differences by seed: {@code +0.52}; a dash for none. */
  public static String difference(Map<Long, Double> bySeed) {
    return bySeed.isEmpty() ? NONE : signed("%+.2f", Spread.of(bySeed.values()).mean());
  }

  private static String signed(String format, double value) {
    return format(format, value).replace('-', '−');
  }

  /** A mean squared error: {@code 0.0891}. */
  public static String error(double value) {
    return format("%.4f", value);
  }

  /** A Fréchet distance: {@code 12.46}. */
  public static String distance(double value) {
    return format("%.2f", value);
  }

  /** Four digits of a number; a dash for NaN. */
  static String digits(double value) {
    return Double.isNaN(value) ? NONE : format("%.4g", value);
  }

  static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
