package dev.autoprog.kernel;

/**
 * Every kernel of the library, as one contract that each backend implements. Callers get it from a
 * session, with {@link CheckedKernels} in front: shapes, types, devices and liveness are checked
 * once per call, in Java, so that native code never sees a bad argument.
 */
public interface Kernels
    extends ElementwiseKernels,
        LinearKernels,
        AttentionKernels,
        LayerNormKernels,
        ActivationKernels,
        ResidualKernels,
        TokenKernels,
        ImageKernels,
        LossKernels,
        OptimizerKernels,
        GrowthKernels {}
