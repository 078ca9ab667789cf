package dev.autoprog.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** What a benchmark run found, as a table: each class's results, ours above the peers'. */
final class BenchTable {
  private static final List<String> HEADINGS =
      List.of("implementation", "median", "quartiles", "rate", "of peak", "vs peer");

  private final List<BenchResult> results;

  BenchTable(List<BenchResult> results) {
    this.results = results;
  }

  void print(PrintWriter out) {
    Map<String, List<BenchResult>> classes = new LinkedHashMap<>();
    results.forEach(r -> classes.computeIfAbsent(r.benchmark(), c -> new ArrayList<>()).add(r));
    classes.forEach(
        (name, rows) -> {
          out.printf("%n%s%n", name);
          printClass(out, rows);
        });
    out.println();
    peak("peak.float32")
        .ifPresent(
            float32 ->
                out.printf(
                    "Peaks of this run: %.0f GFLOP/s float32, %s, %.0f GB/s memory (triad).%n",
                    float32 / 1e9,
                    peak("peak.bfloat16").isPresent()
                        ? "%.0f GFLOP/s bfloat16"
                            .formatted(peak("peak.bfloat16").getAsDouble() / 1e9)
                        : "no bfloat16 instructions",
                    peak("peak.memory").orElse(0) / 1e9));
    out.println("vs peer: how many times as fast as the fastest peer that is no less precise.");
    out.flush();
  }

  private void printClass(PrintWriter out, List<BenchResult> rows) {
    List<String> parameters = shownParameters(rows);
    List<List<String>> cells = new ArrayList<>();
    List<String> heading = new ArrayList<>(parameters);
    heading.addAll(HEADINGS);
    cells.add(heading);
    BenchResult before = null;
    for (BenchResult row : rows) {
      List<String> line = new ArrayList<>();
      for (String parameter : parameters) {
        boolean repeated = before != null && before.sameWork(row);
        line.add(repeated ? "" : row.parameters().getOrDefault(parameter, ""));
      }
      line.add(row.implementation());
      line.add(time(row.median()));
      line.add(range(row.quantile(0.25), row.quantile(0.75)));
      line.add(rate(row));
      line.add(shareOfPeak(row));
      line.add(ratio(row));
      cells.add(line);
      before = row;
    }
    TextTable.lines(cells, parameters.size() + 1).forEach(out::println);
  }

  /** Those that were set: {@code threads} is 0 unless somebody asked for another number. */
  private static List<String> shownParameters(List<BenchResult> rows) {
    return rows.get(0).parameters().keySet().stream()
        .filter(
            name ->
                !name.equals("threads")
                    || rows.stream().anyMatch(row -> !"0".equals(row.parameters().get(name))))
        .toList();
  }

  private static String time(double seconds) {
    Scale scale = Scale.of(seconds);
    return scale.digits(seconds) + " " + scale.unit;
  }

  private static String range(double low, double high) {
    Scale scale = Scale.of(high);
    return scale.digits(low) + " – " + scale.digits(high) + " " + scale.unit;
  }

  private static String rate(BenchResult row) {
    List<String> rates = new ArrayList<>();
    addRate(rates, row, "work.images", "%.0f images/s", 1);
    addRate(rates, row, "work.operations", "%.0f GFLOP/s", 1e9);
    addRate(rates, row, "work.bytes", "%.1f GB/s", 1e9);
    return rates.isEmpty() ? "–" : String.join(", ", rates);
  }

  private static void addRate(
      List<String> rates, BenchResult row, String work, String format, double unit) {
    if (row.fact(work) > 0) {
      rates.add(format.formatted(row.fact(work) / row.median() / unit));
    }
  }

  /** Where a process measured no peaks, as a peer's, those of the run serve. */
  private String shareOfPeak(BenchResult row) {
    String work = row.fact("work.operations") > 0 ? "work.operations" : "work.bytes";
    String name = peakName(row, work);
    double share = row.shareOf(name, work);
    if (share == 0 && peak(name).isPresent()) {
      share = row.fact(work) / row.median() / peak(name).getAsDouble();
    }
    return share > 0 ? "%.0f %%".formatted(100 * share) : "–";
  }

  private String peakName(BenchResult row, String work) {
    if (work.equals("work.bytes")) {
      return "peak.memory";
    }
    return row.bfloat16() && peak("peak.bfloat16").isPresent() ? "peak.bfloat16" : "peak.float32";
  }

  /** The median over the results that measured it. */
  private OptionalDouble peak(String name) {
    double[] peaks =
        results.stream().mapToDouble(r -> r.fact(name)).filter(p -> p > 0).sorted().toArray();
    return peaks.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(peaks[peaks.length / 2]);
  }

  private String ratio(BenchResult row) {
    return bestPeer(row).map(peer -> "%.2f×".formatted(peer.median() / row.median())).orElse("–");
  }

  private Optional<BenchResult> bestPeer(BenchResult row) {
    return results.stream()
        .filter(r -> !r.ours() && r.sameWork(row) && (row.bfloat16() || !r.bfloat16()))
        .min(Comparator.comparingDouble(BenchResult::median));
  }

  /** A unit of time in which a number of seconds is between 1 and 1 000. */
  private enum Scale {
    NANOSECONDS(1e9, "ns"),
    MICROSECONDS(1e6, "µs"),
    MILLISECONDS(1e3, "ms"),
    SECONDS(1, "s ");

    private final double perSecond;
    private final String unit;

    Scale(double perSecond, String unit) {
      this.perSecond = perSecond;
      this.unit = unit;
    }

    static Scale of(double seconds) {
      for (Scale scale : values()) {
        if (seconds * scale.perSecond < 999.5) {
          return scale;
        }
      }
      return SECONDS;
    }

    String digits(double seconds) {
      double value = seconds * perSecond;
      return String.format(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
    }
  }
}
