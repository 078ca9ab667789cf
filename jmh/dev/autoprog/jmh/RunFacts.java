package dev.autoprog.jmh;

import dev.autoprog.backend.cpu.MachinePeaks;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Puts into JMH's results, as secondary metrics, what makes times comparable: the work of one run,
 * and the peaks of the machine, measured in the same process.
 */
public final class RunFacts implements InternalProfiler {
  private static List<ScalarResult> facts = List.of();

  /** For JMH. */
  public RunFacts() {}

  /** Says what this process measures; the peaks may be null. */
  static void set(Work work, MachinePeaks peaks) {
    List<ScalarResult> results = new ArrayList<>();
    add(results, "work.operations", work.operations(), "FLOP");
    add(results, "work.bytes", work.bytes(), "B");
    add(results, "work.images", work.images(), "images");
    if (peaks != null) {
      add(results, "peak.float32", peaks.float32(), "FLOP/s");
      add(results, "peak.bfloat16", peaks.bfloat16(), "FLOP/s");
      add(results, "peak.memory", peaks.memory(), "B/s");
    }
    facts = results;
  }

  private static void add(List<ScalarResult> results, String name, double value, String unit) {
    if (value > 0) {
      results.add(new ScalarResult(name, value, unit, AggregationPolicy.MAX));
    }
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {}

  @Override
  @SuppressWarnings("rawtypes") // JMH's
  public Collection<? extends Result> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    return facts;
  }

  @Override
  public String getDescription() {
    return "work of one run, and the machine's peaks";
  }
}
