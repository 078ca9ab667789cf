package dev.autoprog.kernel;

/**
 * The numbers of one AdamW update (Loshchilov and Hutter 2019).
 *
 * @param learningRate of this step
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled; 0 for parameters without decay
 * @param step counts from 1: moments are divided by {@code 1 − βˢᵗᵉᵖ}
 * @param maxNorm gradients are scaled by {@code min(1, maxNorm/(‖g‖ + 1e-6))}; infinity for never
 */
public record AdamWStep(
    float learningRate,
    float beta1,
    float beta2,
    float epsilon,
    float weightDecay,
    long step,
    float maxNorm) {}
