package dev.autoprog.jmh;

import dev.autoprog.backend.BackendResources;
import dev.autoprog.backend.cpu.CpuBackendProvider;
import dev.autoprog.kernel.Gelu;
import dev.autoprog.kernel.Kernels;
import dev.autoprog.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.CompilerControl;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;

/** A kernel on a single element: nothing but what a call costs. */
@Question(
    value = "What does it cost to call a kernel?",
    ours = Implementation.AUTOPROG_FP32,
    peers = {})
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class JniBenchmark extends Comparison {
  /** What is called: a Java method that does nothing, or a kernel without or with its checks. */
  @Param({"empty Java method", "kernel unchecked", "kernel"})
  public String call;

  @Override
  Work work(Implementation implementation) {
    return Work.NONE;
  }

  @Override
  Contender ours(Ours ours) {
    Tensor x = ours.tensor(new float[] {1}, 1);
    Tensor y = ours.zeros(1);
    return switch (call) {
      case "kernel" -> ours.contender(() -> ours.kernels().geluForward(Gelu.ERF, x, y, null), y);
      case "kernel unchecked" -> unchecked(ours, x, y);
      default -> ours.contender(JniBenchmark::empty, y);
    };
  }

  private static Contender unchecked(Ours ours, Tensor x, Tensor y) {
    BackendResources resources = new CpuBackendProvider().open(1);
    Kernels kernels = resources.kernels();
    Contender contender = ours.contender(() -> kernels.geluForward(Gelu.ERF, x, y, null), y);
    return new Contender(
        contender.work(),
        contender.output(),
        () -> {
          resources.close();
          contender.close();
        });
  }

  @CompilerControl(CompilerControl.Mode.DONT_INLINE)
  private static void empty() {}
}
