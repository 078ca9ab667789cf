package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.AdamWStep;
import dev.autoprog.kernel.OptimizerKernels;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/** Updates over flat buffers. */
interface ReferenceOptimizer extends OptimizerKernels {
  @Override
  default void sumOfSquares(Tensor x, Tensor sum) {
    double total = 0;
    for (double value : Values.read(x)) {
      total += value * value;
    }
    Values.add(new double[] {total}, sum);
  }

  @Override
  default void adamW(
      AdamWStep step,
      Tensor w,
      Tensor g,
      Tensor m,
      Tensor v,
      Tensor squaredNorm,
      List<Tensor> emas,
      float[] emaDecays,
      Tensor rounded) {
    double clip = clip(step.maxNorm(), Math.sqrt(Values.read(squaredNorm)[0]));
    double beta1 = step.beta1();
    double beta2 = step.beta2();
    double correction1 = 1 - Math.pow(beta1, step.step());
    double correction2 = 1 - Math.pow(beta2, step.step());
    double[] weights = Values.read(w);
    double[] gradients = Values.read(g);
    double[] first = Values.read(m);
    double[] second = Values.read(v);
    for (int i = 0; i < weights.length; i++) {
      double gradient = clip * gradients[i];
      first[i] = beta1 * first[i] + (1 - beta1) * gradient;
      second[i] = beta2 * second[i] + (1 - beta2) * gradient * gradient;
      double direction =
          first[i] / correction1 / (Math.sqrt(second[i] / correction2) + step.epsilon());
      weights[i] -= step.learningRate() * (direction + step.weightDecay() * weights[i]);
    }
    Values.write(weights, w);
    if (rounded != null) {
      Values.write(Values.read(w), rounded);
    }
    Values.write(first, m);
    Values.write(second, v);
    for (int e = 0; e < emaDecays.length; e++) {
      average(weights, emaDecays[e], emas.get(e));
    }
  }

  private static double clip(double maxNorm, double norm) {
    return maxNorm == Double.POSITIVE_INFINITY ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
  }

  private static void average(double[] weights, double decay, Tensor ema) {
    double[] average = Values.read(ema);
    for (int i = 0; i < average.length; i++) {
      average[i] = decay * average[i] + (1 - decay) * weights[i];
    }
    Values.write(average, ema);
  }
}
