package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.Kernels;

/** Every kernel in plain Java, computed in float64 on one thread, each result rounded once. */
public final class ReferenceKernels
    implements Kernels,
        ReferenceElementwise,
        ReferenceLinear,
        ReferenceAttention,
        ReferenceLayerNorm,
        ReferenceActivation,
        ReferenceResidual,
        ReferenceModulation,
        ReferenceEmbedding,
        ReferenceNoise,
        ReferenceToken,
        ReferenceImage,
        ReferenceConvolution,
        ReferenceGroupNorm,
        ReferenceFeatureMap,
        ReferenceLoss,
        ReferenceOptimizer,
        ReferenceStatistics,
        ReferenceGrowth {
  /** Kernels without state: one instance serves everybody. */
  public ReferenceKernels() {}
}
