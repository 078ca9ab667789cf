package dev.autoprog.kernel;

/**
 * Every kernel of the library, as one contract that each backend implements. Callers get it from a
 * session, with {@link CheckedKernels} in front: shapes, types, devices and liveness are checked
 * once per call, in Java, so that native code never sees a bad argument.
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
        TokenKernels,
        ImageKernels,
        LossKernels,
        OptimizerKernels,
        StatisticsKernels,
        GrowthKernels {}
