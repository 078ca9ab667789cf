package dev.autoprog.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What all benchmarks share: the same work by several implementations. Everybody's result is
 * compared with ours in float32 before it is timed. A process of ours loads no peer, and measures
 * the machine's peaks.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public abstract class Comparison {
  /** Who computes; {@link Bench} sets it to each that the class's {@link Question} names. */
  @Param({})
  public String implementation;

  /** Threads of each; 0 for all processors. */
  @Param("0")
  public int threads;

  private Contender contender;

  /** What one run has to do at the least, in the implementation's precision. */
  abstract Work work(Implementation implementation);

  /** Our contender. */
  abstract Contender ours(Ours ours);

  /** libtorch's. */
  Contender libtorch(LibtorchPeer peer) {
    throw new UnsupportedOperationException(getClass().getSimpleName() + " has no such peer");
  }

  /** DJL's. */
  Contender djl(int threads) {
    throw new UnsupportedOperationException(getClass().getSimpleName() + " has no such peer");
  }

  /** Prepares what is timed. */
  @Setup
  public void open() {
    Implementation chosen = Implementation.named(implementation);
    int team = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    boolean ours = Implementation.OURS.contains(chosen);
    if (ours) {
      contender = ours(new Ours(chosen, team));
    } else {
      // before our library is loaded: then both sides share libtorch's OpenMP runtime
      contender =
          chosen == Implementation.DJL ? djl(team) : libtorch(new LibtorchPeer(chosen, team));
    }
    if (chosen != Implementation.AUTOPROG_FP32) {
      compare(chosen, team);
    }
    RunFacts.set(work(chosen), ours ? team : 0);
  }

  private void compare(Implementation chosen, int team) {
    float[] result = contender.result();
    try (Contender ours = ours(new Ours(Implementation.AUTOPROG_FP32, team))) {
      Agreement.require(implementation, result, ours.result(), chosen.tolerance());
    }
  }

  /** The work. */
  @Benchmark
  public void run() {
    contender.run();
  }

  /** Gives everything back. */
  @TearDown
  public void close() {
    contender.close();
  }
}
