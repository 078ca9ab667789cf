package dev.autoprog.backend.cpu;

/**
 * What this machine can do at most, measured by loops that do nothing else ({@code machine.cpp}).
 *
 * @param float32 operations per second, a multiply-add being two
 * @param bfloat16 operations per second of dot products; 0 where the processor has none
 * @param memory bytes per second of the triad {@code a = b + 3c}, three streams
 */
public record MachinePeaks(double float32, double bfloat16, double memory) {
  /**
   * Measures, on this many threads; nothing else should run meanwhile.
   *
   * @param seconds for how long each of the four loops is repeated; 0.05 is little, 0.2 enough
   */
  public static MachinePeaks measure(int threads, double seconds) {
    try (CpuKernels kernels = new CpuKernels(CpuLibrary.load(), threads)) {
      double[] memory = new double[1];
      kernels.check(CpuFunctions.ap_measure_triad(kernels.context(), seconds, memory));
      return new MachinePeaks(
          CpuFunctions.ap_measure_multiply_adds(kernels.context(), seconds),
          CpuFunctions.ap_measure_bf16_dot_products(kernels.context(), seconds),
          memory[0]);
    }
  }
}
