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

/**
 * One line of JMH's JSON: one implementation on one set of sizes.
 *
 * @param benchmark the class's simple name
 * @param parameters the sizes by name
 * @param implementation who computed
 * @param seconds of one run, one value per iteration, in ascending order
 * @param facts by name: the least work of one run ({@code work.operations}, {@code work.bytes},
 *     {@code work.images}) and the machine's peaks per second ({@code peak.float32}, {@code
 *     peak.bfloat16}, {@code peak.memory}), as far as they were measured
 */
record BenchResult(
    String benchmark,
    Map<String, String> parameters,
    String implementation,
    double[] seconds,
    Map<String, Double> facts) {

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
    List<Double> seconds = new ArrayList<>();
    metric
        .get("rawData")
        .forEach(fork -> fork.forEach(time -> seconds.add(time.asDouble() * UNITS.get(unit))));
    Map<String, Double> facts = new TreeMap<>();
    result
        .path("secondaryMetrics")
        .properties()
        .forEach(f -> facts.put(f.getKey(), f.getValue().get("score").asDouble()));
    return new BenchResult(
        name[name.length - 2],
        parameters,
        implementation,
        seconds.stream().mapToDouble(Double::doubleValue).sorted().toArray(),
        facts);
  }

  /** The time that a share of the iterations stayed below, between neighbours linearly. */
  double quantile(double share) {
    double position = share * (seconds.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, seconds.length - 1);
    return seconds[below] + (position - below) * (seconds[above] - seconds[below]);
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

  /** A fact, or 0. */
  double fact(String name) {
    return facts.getOrDefault(name, 0.0);
  }

  @Override
  public String toString() {
    return benchmark + parameters + " " + implementation + " " + Arrays.toString(seconds);
  }
}
