package dev.autoprog.diffusion;

import dev.autoprog.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The best possible network for data x_0 ~ N(μ, s²), element by element, in closed form: with the
 * variance of x_t, ᾱ s² + 1 − ᾱ, E[x_0 | x_t] and E[ε | x_t] are linear in x_t. Where the variance
 * is learned, it says the true one of x_{t−1} given x_t. Notes the mean and variance of every x
 * that it is shown.
 */
final class GaussianData implements Denoiser {
  private final NoiseSchedule trained;
  private final DiffusionProcess process;
  private final double mean;
  private final double deviation;

  /** Of the noisy samples that came in, beside what they should be. */
  record Seen(int timestep, double mean, double variance, double trueMean, double trueVariance) {}

  final List<Seen> seen = new ArrayList<>();

  /**
   * The network.
   *
   * @param trained the schedule before respacing
   * @param process the one that samples are drawn with
   */
  GaussianData(NoiseSchedule trained, DiffusionProcess process, double mean, double deviation) {
    this.trained = trained;
    this.process = process;
    this.mean = mean;
    this.deviation = deviation;
  }

  @Override
  public void predict(Tensor x, int timestep, Tensor out) {
    double alphaBar = trained.alphaBar(timestep);
    double signal = Math.sqrt(alphaBar);
    double noise = Math.sqrt(1 - alphaBar);
    double variance = alphaBar * deviation * deviation + 1 - alphaBar;
    float[] values = x.toFloats();
    note(values, timestep, signal * mean, variance);
    int batch = (int) x.shape().dim(0);
    int sample = values.length / batch;
    float[] result = new float[(int) out.elements()];
    int stride = result.length / batch;
    float spread = process.variance().isLearned() ? (float) spread(timestep, alphaBar) : 0;
    for (int i = 0; i < values.length; i++) {
      double away = (values[i] - signal * mean) / variance;
      double epsilon = noise * away;
      double clean = mean + signal * deviation * deviation * away;
      int at = i / sample * stride + i % sample;
      boolean velocity = process.prediction() == Prediction.VELOCITY;
      result[at] = (float) (velocity ? signal * epsilon - noise * clean : epsilon);
      if (stride > sample) {
        result[at + sample] = spread;
      }
    }
    out.set(result);
  }

  private void note(float[] values, int timestep, double trueMean, double trueVariance) {
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
    }
    double average = sum / values.length;
    double variance = squares / values.length - average * average;
    seen.add(new Seen(timestep, average, variance, trueMean, trueVariance));
  }

  /** The v at which log σ² is that of x_{t−1} given x_t. */
  private double spread(int timestep, double alphaBar) {
    if (timestep == 0) {
      return 0;
    }
    int step = 0;
    while (process.schedule().timestep(step) != timestep) {
      step++;
    }
    double before = trained.alphaBar(process.schedule().timestep(step - 1));
    double beta = 1 - alphaBar / before;
    double small = beta * (1 - before) / (1 - alphaBar);
    double ofClean = Math.sqrt(before) * beta / (1 - alphaBar);
    double variance = deviation * deviation;
    double unknown = variance * (1 - alphaBar) / (alphaBar * variance + 1 - alphaBar);
    double wanted = small + ofClean * ofClean * unknown;
    return 2 * (Math.log(wanted) - Math.log(small)) / (Math.log(beta) - Math.log(small)) - 1;
  }
}
