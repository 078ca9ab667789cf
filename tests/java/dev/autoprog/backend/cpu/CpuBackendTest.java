package dev.autoprog.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.backend.Availability;
import dev.autoprog.backend.Backend;
import dev.autoprog.backend.BackendException;
import dev.autoprog.backend.BackendResources;
import dev.autoprog.backend.Session;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class CpuBackendTest {
  @Test
  void itSaysWhatItRunsOn() {
    Availability availability = Backend.named("cpu").availability();
    assertThat(availability.available()).isTrue();
    assertThat(availability.detail())
        .matches(
            ".+, (baseline|avx2|avx512|avx512bf16), \\d+ processors?, oneDNN \\d+\\.\\d+\\.\\d+");
  }

  @Test
  void theLoadedKernelsAreThoseThatWereChosen() {
    assertThat(CpuLibrary.load().kernels().isa()).isEqualTo(CpuLibrary.load().isa().id());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theSameInputGivesTheSameBits(int threads) {
    assertThat(CpuProbe.compute(threads, 7)).isEqualTo(CpuProbe.compute(threads, 7));
  }

  @Test
  void sessionsSideBySideGiveTheBitsThatTheyGiveAlone() throws Exception {
    float[] first = CpuProbe.compute(2, 1);
    float[] second = CpuProbe.compute(2, 2);
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      List<Future<float[]>> results = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        long seed = 1 + i % 2;
        results.add(pool.submit(() -> CpuProbe.compute(2, seed)));
      }
      for (int i = 0; i < results.size(); i++) {
        assertThat(results.get(i).get()).isEqualTo(i % 2 == 0 ? first : second);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aSessionMovesToAnotherThread() throws Exception {
    try (Session session = Session.open(Backend.named("cpu"), 2)) {
      Tensor x = session.allocate(DType.FLOAT32, Shape.of(100_000));
      session.kernels().fill(x, 1);
      Thread other =
          new Thread(
              () -> {
                session.moveToCurrentThread();
                session.kernels().add(x, x, x);
              });
      other.start();
      other.join();
      session.moveToCurrentThread();
      assertThat(x.toFloats()).containsOnly(2f);
    }
  }

  @Test
  void eachSessionCountsItsOwnBytes() {
    try (Session one = Session.open(Backend.named("cpu"), 1);
        Session two = Session.open(Backend.named("cpu"), 1)) {
      one.allocate(DType.FLOAT32, Shape.of(256));
      assertThat(one.allocatedBytes()).isEqualTo(1024);
      assertThat(two.allocatedBytes()).isZero();
    }
  }

  @Test
  void closedKernelsRefuseToRun() {
    BackendResources resources = new CpuBackendProvider().open(1);
    Tensor x = Tensor.over(resources.device().allocate(4), 0, DType.FLOAT32, Shape.of(1));
    resources.kernels().fill(x, 1);
    resources.close();
    resources.close();
    assertThatThrownBy(() -> resources.kernels().fill(x, 1))
        .isInstanceOf(IllegalStateException.class);
    x.memory().close();
  }

  @Test
  void aFailedKernelThrowsWhatItsContextSays() {
    try (CpuKernels kernels = new CpuKernels(CpuLibrary.load(), 1)) {
      kernels.check(0);
      assertThatThrownBy(() -> kernels.check(1))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("CPU kernel failed");
    }
  }
}
