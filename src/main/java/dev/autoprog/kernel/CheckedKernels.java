package dev.autoprog.kernel;

import dev.autoprog.tensor.Device;

/** The checks of every family in front of a backend's kernels. */
final class CheckedKernels
    implements Kernels,
        CheckedElementwise,
        CheckedLinear,
        CheckedAttention,
        CheckedLayerNorm,
        CheckedActivation,
        CheckedResidual,
        CheckedModulation,
        CheckedEmbedding,
        CheckedNoise,
        CheckedToken,
        CheckedImage,
        CheckedConvolution,
        CheckedGroupNorm,
        CheckedFeatureMap,
        CheckedLoss,
        CheckedOptimizer,
        CheckedStatistics,
        CheckedGrowth {
  private final Kernels kernels;
  private final Device device;
  private final Runnable guard;

  CheckedKernels(Kernels kernels, Device device, Runnable guard) {
    this.kernels = kernels;
    this.device = device;
    this.guard = guard;
  }

  @Override
  public Kernels unchecked() {
    return kernels;
  }

  @Override
  public ArgumentChecks begin(String kernel) {
    guard.run();
    return new ArgumentChecks(kernel, device);
  }
}
