package dev.autoprog.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.autoprog.testing.BackendTestRun;
import dev.autoprog.testing.Candidate;
import dev.autoprog.testing.JavaProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole backend without a GPU: Java's side of it, and the kernels in the emulation of {@code
 * tests/native}, under the tests that it has to pass on a GPU. Processes side by side.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class EmulatedCudaTest {
  private static final Path LIBRARY =
      Path.of("target/native/cuda-emulated/plain/libautoprog_cuda.so").toAbsolutePath();

  private static JavaProcess kernels;
  private static JavaProcess networks;
  private static JavaProcess small;

  @BeforeAll
  static void start() throws IOException {
    kernels = run(Map.of(), "kernel");
    networks =
        run(
            Map.of(),
            "backend.cuda.CudaBackendTest",
            "backend.SessionTest",
            "backend.RepeatedCallsTest",
            "autograd",
            "nn",
            "optim",
            "model",
            "train.LearnerStepTest",
            "train.ImageFeederTest",
            "train.diffusion.DiffusionLearnerTest",
            "train.diffusion.DiffusionBatchesTest",
            "train.diffusion.ImageSamplerTest",
            "metric.NeuralTangentKernelTest",
            "metric.ConvolutionNtkTest",
            "metric.ConditionedKernelTest",
            "metric.ZiCoTest");
    small =
        run(
            Map.of("AUTOPROG_EMULATION", "idle", "AUTOPROG_EMULATION_BYTES", "67108864"),
            "train.BatchMemoryTest");
  }

  @AfterAll
  static void stop() {
    kernels.stop();
    networks.stop();
    small.stop();
  }

  @Test
  void everyKernelPassesItsTests() throws InterruptedException {
    assertPasses(kernels, 1000);
  }

  @Test
  void memorySessionsNetworksAndMeasuresPassTheirTests() throws InterruptedException {
    assertPasses(networks, 100);
  }

  @Test
  void whereMemoryEndsABatchThatFitsIsNamed() throws InterruptedException {
    assertPasses(small, 0);
  }

  private static JavaProcess run(Map<String, String> emulation, String... tests)
      throws IOException {
    Map<String, String> environment = new HashMap<>(emulation);
    environment.put("AUTOPROG_CUBLASLT", LIBRARY.toString());
    return JavaProcess.start(
        BackendTestRun.class,
        List.of(
            "-Xmx2g",
            "-D" + CudaLibrary.FILE_PROPERTY + "=" + LIBRARY,
            "-D" + Candidate.ONLY + "=cuda"),
        environment,
        tests);
  }

  private static void assertPasses(JavaProcess process, int least) throws InterruptedException {
    JavaProcess.Result result = process.await();
    assertThat(result.exitCode()).as(() -> String.join("\n", result.lines())).isZero();
    String summary = result.lines().get(result.lines().size() - 1);
    int passed = Integer.parseInt(summary.substring(0, summary.indexOf(' ')));
    assertThat(passed).as(summary).isGreaterThan(least);
  }
}
