package dev.autoprog.kernel;

import dev.autoprog.tensor.Device;

/**
 * Every kernel of the library, as one contract that each backend implements. Callers get it from a
 * session, {@link #checked} in front: native code never sees a bad argument.
 *
 * <p>Activations, their gradients and the weights that they are multiplied with are FLOAT32 or
 * BFLOAT16, all of one call alike; a contract names them as <i>of type T</i>. Everything else is
 * FLOAT32 unless it says otherwise: biases, gains, statistics, losses, and every sum that a
 * gradient is added to. Of BFLOAT16, inputs are taken exactly, sums are float32 at least, and a
 * result is rounded once, to nearest even; bounds on the error are those of FLOAT32.
 */
public interface Kernels
    extends ElementwiseKernels,
        LinearKernels,
        AttentionKernels,
        LayerNormKernels,
        ActivationKernels,
        ResidualKernels,
        ModulationKernels,
        EmbeddingKernels,
        NoiseKernels,
        TokenKernels,
        ImageKernels,
        ConvolutionKernels,
        GroupNormKernels,
        FeatureMapKernels,
        LossKernels,
        OptimizerKernels,
        StatisticsKernels,
        GrowthKernels {
  /**
   * Checks every argument of every kernel, then hands on to {@code kernels}. A bad call throws
   * {@link IllegalArgumentException} with the kernel, the argument, what was found and what was
   * expected.
   *
   * @param device where all tensors must lie
   * @param guard run first in every call; throws if the caller may not compute now
   */
  static Kernels checked(Kernels kernels, Device device, Runnable guard) {
    return new CheckedKernels(kernels, device, guard);
  }
}
