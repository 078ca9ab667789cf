package dev.autoprog.kernel;

/**
 * What stays of an AdamW update from step to step (Loshchilov and Hutter 2019).
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled; 0 for parameters without decay
 * @param maxNorm gradients are scaled by {@code min(1, maxNorm/(‖g‖ + 1e-6))}; infinity for never
 */
public record AdamWConstants(
    float beta1, float beta2, float epsilon, float weightDecay, float maxNorm) {
  /** How many of the {@linkplain #rates rates} come before the averages' decays. */
  public static final int RATES = 3;

  /**
   * What changes from step to step, as {@link OptimizerKernels#adamW} reads it: the learning rate,
   * what the first and the second moment are multiplied with, 1/(1 − βˢᵗᵉᵖ), and the decays.
   *
   * @param step counts from 1
   * @param emaDecays one per moving average
   */
  public float[] rates(double learningRate, long step, double... emaDecays) {
    if (step < 1) {
      throw new IllegalArgumentException("step is " + step + ", expected 1 for the first update");
    }
    float[] rates = new float[RATES + emaDecays.length];
    rates[0] = (float) learningRate;
    rates[1] = (float) (1 / (1 - Math.pow(beta1, step)));
    rates[2] = (float) (1 / (1 - Math.pow(beta2, step)));
    for (int e = 0; e < emaDecays.length; e++) {
      rates[RATES + e] = (float) emaDecays[e];
    }
    return rates;
  }
}
