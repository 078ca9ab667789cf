package dev.autoprog.testing;

import java.util.Map;

/** Gradients by central differences, from the forward alone. */
public final class FiniteDifferences {
  private static final float STEP = 0x1p-4f;

  private FiniteDifferences() {}

  /**
   * The gradient of {@code Σ gradient·output} by {@code input}, with one step of Richardson
   * extrapolation: (4·D(h/2) − D(h))/3, whose error falls with h⁴.
   */
  public static double[] gradient(
      KernelCall forward, String input, String output, float[] gradient) {
    double[] result = new double[forward.floats(input).length];
    for (int i = 0; i < result.length; i++) {
      double coarse = difference(forward, input, output, gradient, i, STEP);
      double fine = difference(forward, input, output, gradient, i, STEP / 2);
      result[i] = (4 * fine - coarse) / 3;
    }
    return result;
  }

  private static double difference(
      KernelCall forward, String input, String output, float[] gradient, int i, float step) {
    float[] x = forward.floats(input);
    float above = x[i] + step;
    float below = x[i] - step;
    x[i] = above;
    double high = loss(forward.with(input, x.clone()).onReference(), output, gradient);
    x[i] = below;
    double low = loss(forward.with(input, x).onReference(), output, gradient);
    return (high - low) / ((double) above - below);
  }

  private static double loss(Map<String, float[]> results, String output, float[] gradient) {
    double loss = 0;
    for (int i = 0; i < gradient.length; i++) {
      loss += (double) gradient[i] * results.get(output)[i];
    }
    return loss;
  }
}
