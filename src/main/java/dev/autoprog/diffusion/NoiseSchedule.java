package dev.autoprog.diffusion;

import java.util.Arrays;

/**
 * How much noise each step of a diffusion adds: {@code q(x_t | x_{t−1}) = N(√(1 − β_t) x_{t−1},
 * β_t)} (Ho et al. 2020). Steps count from 0; the step before 0 is the data, ᾱ = 1. Immutable,
 * float64.
 */
public final class NoiseSchedule {
  private static final double COSINE_OFFSET = 0.008;
  private static final double COSINE_LARGEST_BETA = 0.999;

  private final double[] betas;
  private final double[] alphaBars;
  private final int[] timesteps;

  private NoiseSchedule(double[] betas, double[] alphaBars, int[] timesteps) {
    this.betas = betas;
    this.alphaBars = alphaBars;
    this.timesteps = timesteps;
  }

  /**
   * A schedule with these betas.
   *
   * @param betas each in (0, 1)
   */
  public static NoiseSchedule of(double... betas) {
    if (betas.length == 0) {
      throw new IllegalArgumentException("a schedule without steps, expected at least 1 beta");
    }
    double[] alphaBars = new double[betas.length];
    int[] timesteps = new int[betas.length];
    double product = 1;
    for (int i = 0; i < betas.length; i++) {
      if (!(betas[i] > 0 && betas[i] < 1)) {
        throw new IllegalArgumentException(
            "beta " + i + " of " + betas.length + " is " + betas[i] + ", expected one in (0, 1)");
      }
      product *= 1 - betas[i];
      alphaBars[i] = product;
      timesteps[i] = i;
    }
    return new NoiseSchedule(betas.clone(), alphaBars, timesteps);
  }

  /**
   * β from 1e-4 to 0.02 in equal steps at 1000 steps (Ho et al. 2020); with fewer, 1000/steps times
   * as large, so that as much noise comes together (Dhariwal and Nichol 2021).
   *
   * @param steps T, at least 21: below, the last β would not be less than 1
   */
  public static NoiseSchedule linear(int steps) {
    double scale = 1000.0 / steps;
    return of(spread(scale * 1e-4, scale * 0.02, steps));
  }

  /**
   * √β from √0.00085 to √0.012 in equal steps, as in Stable Diffusion (Rombach et al. 2022); made
   * for 1000 steps, and not scaled for fewer.
   */
  public static NoiseSchedule scaledLinear(int steps) {
    double[] roots = spread(Math.sqrt(0.00085), Math.sqrt(0.012), steps);
    return of(Arrays.stream(roots).map(root -> root * root).toArray());
  }

  /**
   * ᾱ_t = f(t + 1)/f(0), f(t) = cos²((t/T + s)/(1 + s) · π/2), s = 0.008, β cut off at 0.999
   * (Nichol and Dhariwal 2021, eq. 17).
   */
  public static NoiseSchedule cosine(int steps) {
    double[] betas = new double[Math.max(steps, 0)];
    for (int t = 0; t < steps; t++) {
      double kept = cosineAlphaBar((t + 1.0) / steps) / cosineAlphaBar((double) t / steps);
      betas[t] = Math.min(1 - kept, COSINE_LARGEST_BETA);
    }
    return of(betas);
  }

  private static double cosineAlphaBar(double time) {
    double cosine = Math.cos((time + COSINE_OFFSET) / (1 + COSINE_OFFSET) * Math.PI / 2);
    return cosine * cosine;
  }

  private static double[] spread(double first, double last, int steps) {
    double[] values = new double[Math.max(steps, 0)];
    for (int i = 0; i < steps; i++) {
      values[i] = steps == 1 ? first : first + (last - first) * i / (steps - 1);
    }
    return values;
  }

  /**
   * The schedule that visits {@code count} of these steps, evenly spaced from the first to the last
   * (the spacing of DDPM in Nichol and Dhariwal 2021: rounded multiples of (T − 1)/(count − 1), so
   * that sampling begins at full noise). One step alone is the last. ᾱ stays that of the kept
   * steps; the betas follow from it.
   *
   * @param count from 1 to {@link #steps}
   */
  public NoiseSchedule respaced(int count) {
    if (count < 1 || count > steps()) {
      throw new IllegalArgumentException(
          "count is " + count + ", expected from 1 to the schedule's " + steps() + " steps");
    }
    double[] newBetas = new double[count];
    double[] newAlphaBars = new double[count];
    int[] newTimesteps = new int[count];
    double before = 1;
    for (int i = 0; i < count; i++) {
      int kept = count == 1 ? steps() - 1 : (int) Math.rint(i * (steps() - 1.0) / (count - 1));
      newAlphaBars[i] = alphaBars[kept];
      newBetas[i] = 1 - alphaBars[kept] / before;
      newTimesteps[i] = timesteps[kept];
      before = alphaBars[kept];
    }
    return new NoiseSchedule(newBetas, newAlphaBars, newTimesteps);
  }

  /** How many steps there are: T. */
  public int steps() {
    return betas.length;
  }

  /** What the network is told at this step: the step's number in the schedule it was trained on. */
  public int timestep(int step) {
    return timesteps[step];
  }

  /** β: the variance that the step adds. */
  public double beta(int step) {
    return betas[step];
  }

  /** ᾱ = Π(1 − β) up to this step: the share of the data in the variance of x_t. */
  public double alphaBar(int step) {
    return alphaBars[step];
  }

  /** ᾱ of the step before; 1 before step 0. */
  public double alphaBarBefore(int step) {
    return step == 0 ? 1 : alphaBars[step - 1];
  }

  /** √ᾱ: the factor on x_0 in x_t. */
  public double signalRate(int step) {
    return Math.sqrt(alphaBars[step]);
  }

  /** √(1 − ᾱ): the factor on ε in x_t. */
  public double noiseRate(int step) {
    return Math.sqrt(1 - alphaBars[step]);
  }

  /** ᾱ/(1 − ᾱ). */
  public double signalToNoise(int step) {
    return alphaBars[step] / (1 - alphaBars[step]);
  }

  /** The factor on x_0 in the mean of {@code q(x_{t−1} | x_t, x_0)} (Ho et al. 2020, eq. 7). */
  public double posteriorMeanOfClean(int step) {
    return betas[step] * Math.sqrt(alphaBarBefore(step)) / (1 - alphaBars[step]);
  }

  /** The factor on x_t in that mean. */
  public double posteriorMeanOfNoisy(int step) {
    return (1 - alphaBarBefore(step)) * Math.sqrt(1 - betas[step]) / (1 - alphaBars[step]);
  }

  /** β̃: the variance of {@code q(x_{t−1} | x_t, x_0)}; 0 at step 0. */
  public double posteriorVariance(int step) {
    return betas[step] * (1 - alphaBarBefore(step)) / (1 - alphaBars[step]);
  }

  /**
   * log β̃; at step 0, where that is −∞, step 1's (Nichol and Dhariwal 2021), or log β if there is
   * no step 1.
   */
  public double posteriorLogVariance(int step) {
    if (step > 0) {
      return Math.log(posteriorVariance(step));
    }
    return Math.log(steps() > 1 ? posteriorVariance(1) : betas[0]);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoiseSchedule that
        && Arrays.equals(alphaBars, that.alphaBars)
        && Arrays.equals(timesteps, that.timesteps);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(alphaBars) + Arrays.hashCode(timesteps);
  }

  @Override
  public String toString() {
    int last = steps() - 1;
    return "NoiseSchedule[%d steps, timesteps %d to %d, ᾱ %.6g to %.6g]"
        .formatted(steps(), timesteps[0], timesteps[last], alphaBars[0], alphaBars[last]);
  }
}
