package dev.autoprog.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/**
 * One line of JMH's JSON: one implementation on one set of sizes.
 *
 * @param benchmark the class's simple name
 * @param parameters the sizes by name
 * @param implementation who computed
 * @param seconds of one run, one value per iteration
 * @param facts by name, one value per iteration: the least work of one run ({@code
 *     work.operations}, {@code work.bytes}, {@code work.images}) and the machine's peaks per second
 *     just before it ({@code peak.float32}, {@code peak.bfloat16}, {@code peak.memory}), as far as
 *     they were measured
 */
record BenchResult(
    String benchmark,
    Map<String, String> parameters,
    String implementation,
    double[] seconds,
    Map<String, double[]> facts) {

  private static final Map<String, Double> UNITS =
      Map.of("s/op", 1.0, "ms/op", 1e-3, "us/op", 1e-6, "ns/op", 1e-9);

  /** Reads what JMH wrote. */
  static List<BenchResult> read(Path json) throws IOException {
    List<BenchResult> results = new ArrayList<>();
    for (JsonNode result : new ObjectMapper().readTree(json.toFile())) {
      results.add(of(result));
    }
    return results;
  }

  private static BenchResult of(JsonNode result) {
    String[] name = result.get("benchmark").asText().split("\\.");
    Map<String, String> parameters = new TreeMap<>();
    result
        .path("params")
        .properties()
        .forEach(p -> parameters.put(p.getKey(), p.getValue().asText()));
    String implementation = parameters.remove("implementation");
    JsonNode metric = result.get("primaryMetric");
    String unit = metric.get("scoreUnit").asText();
    if (!UNITS.containsKey(unit)) {
      throw new IllegalArgumentException("a score in " + unit + " is no time per operation");
    }
    double[] seconds = values(metric);
    Arrays.setAll(seconds, i -> seconds[i] * UNITS.get(unit));
    Map<String, double[]> facts = new TreeMap<>();
    result
        .path("secondaryMetrics")
        .properties()
        .forEach(f -> facts.put(f.getKey(), values(f.getValue())));
    return new BenchResult(name[name.length - 2], parameters, implementation, seconds, facts);
  }

  /** Those of all iterations of all processes. */
  private static double[] values(JsonNode metric) {
    return StreamSupport.stream(metric.get("rawData").spliterator(), false)
        .flatMap(fork -> StreamSupport.stream(fork.spliterator(), false))
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  /** The time that a share of the iterations stayed below, between neighbours linearly. */
  double quantile(double share) {
    return quantile(seconds, share);
  }

  private static double quantile(double[] values, double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }

  /** The median time of one run. */
  double median() {
    return quantile(0.5);
  }

  /** Whether it is this library's. */
  boolean ours() {
    return implementation.startsWith("autoprog");
  }

  /** Whether it computes in bfloat16. */
  boolean bfloat16() {
    return implementation.endsWith("-bf16");
  }

  /** Whether both did the same work. */
  boolean sameWork(BenchResult other) {
    return benchmark.equals(other.benchmark) && parameters.equals(other.parameters);
  }

  /** The median of a fact, or 0. */
  double fact(String name) {
    double[] values = facts.get(name);
    return values == null ? 0 : quantile(values, 0.5);
  }

  /**
   * The share of a peak at which some work was done: the median of each iteration's, by the peak
   * that was measured just before it.
   *
   * @return a share, or 0 where the peak or the work is not known
   */
  double shareOf(String peak, String work) {
    double[] peaks = facts.get(peak);
    if (peaks == null || peaks.length != seconds.length) {
      return 0;
    }
    double[] shares = new double[seconds.length];
    Arrays.setAll(shares, i -> fact(work) / seconds[i] / peaks[i]);
    return quantile(shares, 0.5);
  }

  @Override
  public String toString() {
    return benchmark + parameters + " " + implementation + " " + Arrays.toString(seconds);
  }
}
