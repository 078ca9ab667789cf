package dev.autoprog.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.testing.BackendTestRun;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.JavaProcess;
import dev.autoprog.testing.OtherClassLoader;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loading, each time in a fresh process. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class CpuLibraryTest {
  static Stream<String> runnable() {
    Processor processor = Processor.ofThisMachine();
    return Arrays.stream(InstructionSet.values())
        .filter(isa -> isa.runsOn(processor.flags()))
        .map(InstructionSet::id);
  }

  static Stream<String> lesserInstructionSets() {
    return runnable().filter(isa -> !isa.equals(CpuLibrary.load().isa().id()));
  }

  @ParameterizedTest
  @MethodSource("runnable")
  void everyInstructionSetLoadsAndAgrees(String isa) throws Exception {
    List<String> lines = probe(List.of("-Dautoprog.isa=" + isa), Map.of());
    assertThat(lines.get(0)).isEqualTo(isa);
    assertClose(lines.get(2), CpuProbe.compute(2, 1));
  }

  @Test
  void theVariableAsksToo() throws Exception {
    assertThat(probe(List.of(), Map.of("AUTOPROG_ISA", "baseline")).get(0)).isEqualTo("baseline");
  }

  @Test
  void thePropertyGoesBeforeTheVariable() throws Exception {
    assertThat(probe(List.of("-Dautoprog.isa=baseline"), Map.of("AUTOPROG_ISA", "nonsense")).get(0))
        .isEqualTo("baseline");
  }

  @Test
  void anUnknownInstructionSetMakesTheBackendUnavailableWithTheReason() throws Exception {
    assertThat(probe(List.of("-Dautoprog.isa=nonsense"), Map.of()))
        .singleElement()
        .asString()
        .contains("no instruction set named nonsense", "it can run: baseline", "autoprog.isa");
  }

  /** The best is tested where everything is; these are what a lesser processor would load. */
  @ParameterizedTest
  @MethodSource("lesserInstructionSets")
  void everyLesserInstructionSetPassesTheKernelsTests(String isa) throws Exception {
    List<String> options = List.of("-Dautoprog.isa=" + isa, "-D" + Candidate.ONLY + "=cpu");
    JavaProcess.Result result =
        JavaProcess.start(BackendTestRun.class, options, Map.of(), "kernel").await();
    assertThat(result.exitCode()).as(() -> String.join("\n", result.lines())).isZero();
  }

  @Test
  void aLibtorchThatWasThereFirstSharesItsThreads() throws Exception {
    List<String> lines = probe(List.of(), Map.of(), "torchFirst");
    assertThat(lines.get(1)).as("OpenMP runtimes").isEqualTo("1");
    assertClose(lines.get(2), CpuProbe.compute(2, 1));
  }

  /** As a server loads an application anew, or each of two plug-ins brings the library along. */
  @Test
  void anotherClassLoaderHasTheBackendToo() throws Exception {
    float[] here = CpuProbe.compute(2, 1);
    try (URLClassLoader loader = OtherClassLoader.open()) {
      Method compute =
          loader
              .loadClass(CpuProbe.class.getName())
              .getDeclaredMethod("compute", int.class, long.class);
      compute.setAccessible(true);
      assertThat((float[]) compute.invoke(null, 2, 1L)).isEqualTo(here);
    }
  }

  /** A session has threads of its own; how many OpenMP would take changes nothing. */
  @Test
  void theProcessorsThatOpenMpKnowsOfChangeNoBits() throws Exception {
    String one = probe(List.of(), Map.of("OMP_NUM_THREADS", "1")).get(3);
    assertThat(probe(List.of(), Map.of("OMP_NUM_THREADS", "5")).get(3)).isEqualTo(one);
  }

  /** oneDNN keeps code for the whole process, too; without that, what is kept is the session's. */
  @Test
  void productsOfEverNewShapesTakeNoEverNewMemory() throws Exception {
    Map<String, String> sessionAlone = Map.of("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "0");
    JavaProcess.Result result =
        JavaProcess.start(ManyShapes.class, List.of(), sessionAlone, "3").await();
    List<Long> mebibytes = result.lines().stream().map(Long::valueOf).toList();
    long kept = mebibytes.get(1) - mebibytes.get(0);
    assertThat(mebibytes.get(3) - mebibytes.get(1)).as("of " + mebibytes).isLessThan(kept / 2);
  }

  private static void assertClose(String printed, float[] expected) {
    String[] values = printed.substring(1, printed.length() - 1).split(", ");
    assertThat(values).hasSameSizeAs(expected);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < values.length; i++) {
      error += Math.pow(Float.parseFloat(values[i]) - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    assertThat(Math.sqrt(error / norm)).isLessThan(1e-5);
  }

  private static List<String> probe(
      List<String> options, Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    JavaProcess.Result result =
        JavaProcess.start(CpuProbe.class, options, environment, args).await();
    assertThat(result.exitCode()).isZero();
    return result.lines();
  }
}
