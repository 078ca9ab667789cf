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
 * and the peaks of the machine, measured in the same process just before each iteration: a
 * neighbour on the same memory can halve them for a minute.
 */
public final class RunFacts implements InternalProfiler {
  private static final double PEAK_SECONDS = 0.05;

  private static Work work;
  private static int threads;
  private static MachinePeaks peaks;

  /** For JMH. */
  public RunFacts() {}

  /**
   * Says what this process measures.
   *
   * @param team threads on which to measure the peaks; 0 for not at all
   */
  static void set(Work ofOneRun, int team) {
    work = ofOneRun;
    threads = team;
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    peaks = threads > 0 ? MachinePeaks.measure(threads, PEAK_SECONDS) : null;
  }

  @Override
  @SuppressWarnings("rawtypes") // JMH's
  public Collection<? extends Result> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    List<ScalarResult> facts = new ArrayList<>();
    if (work == null) {
      return facts; // what failed before says so itself
    }
    add(facts, "work.operations", work.operations(), "FLOP");
    add(facts, "work.bytes", work.bytes(), "B");
    add(facts, "work.images", work.images(), "images");
    if (peaks != null) {
      add(facts, "peak.float32", peaks.float32(), "FLOP/s");
      add(facts, "peak.bfloat16", peaks.bfloat16(), "FLOP/s");
      add(facts, "peak.memory", peaks.memory(), "B/s");
    }
    return facts;
  }

  private static void add(List<ScalarResult> facts, String name, double value, String unit) {
    if (value > 0) {
      facts.add(new ScalarResult(name, value, unit, AggregationPolicy.AVG));
    }
  }

  @Override
  public String getDescription() {
    return "work of one run, and the machine's peaks";
  }
}
