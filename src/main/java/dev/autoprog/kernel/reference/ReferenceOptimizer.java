package dev.autoprog.kernel.reference;

import dev.autoprog.kernel.AdamWConstants;
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
      AdamWConstants constants,
      Tensor rates,
      Tensor w,
      Tensor g,
      Tensor m,
      Tensor v,
      Tensor squaredNorm,
      List<Tensor> emas,
      Tensor rounded) {
    double norm = Math.sqrt(Values.read(squaredNorm)[0]);
    if (!Double.isFinite(norm)) {
      return;
    }
    double clip = Math.min(1, constants.maxNorm() / (norm + 1e-6));
    double beta1 = constants.beta1();
    double beta2 = constants.beta2();
    double[] rate = Values.read(rates);
    double[] weights = Values.read(w);
    double[] gradients = Values.read(g);
    double[] first = Values.read(m);
    double[] second = Values.read(v);
    for (int i = 0; i < weights.length; i++) {
      double gradient = clip * gradients[i];
      first[i] = beta1 * first[i] + (1 - beta1) * gradient;
      second[i] = beta2 * second[i] + (1 - beta2) * gradient * gradient;
      double direction =
          rate[1] * first[i] / (Math.sqrt(rate[2] * second[i]) + constants.epsilon());
      weights[i] -= rate[0] * (direction + constants.weightDecay() * weights[i]);
    }
    Values.write(weights, w);
    if (rounded != null) {
      Values.write(Values.read(w), rounded);
    }
    Values.write(first, m);
    Values.write(second, v);
    for (int e = 0; e < emas.size(); e++) {
      average(weights, rate[AdamWConstants.RATES + e], emas.get(e));
    }
  }

  private static void average(double[] weights, double decay, Tensor ema) {
    double[] average = Values.read(ema);
    for (int i = 0; i < average.length; i++) {
      average[i] = decay * average[i] + (1 - decay) * weights[i];
    }
    Values.write(average, ema);
  }
}
