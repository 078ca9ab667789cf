package dev.autoprog.kernel;

import dev.autoprog.testing.KernelCall;
import dev.autoprog.testing.RandomData;

/** Calls of the losses of diffusion models with random data. Names are those of the contract. */
final class DiffusionLossKernelCalls {
  static final float SCALE = 0.37f;
  private static final int STEPS = 1000;

  private DiffusionLossKernelCalls() {}

  private static KernelCall predictionAndTarget(String kernel, RandomData data, RowsShape s) {
    return new KernelCall(kernel)
        .input("prediction", data.gaussian((s.rows() - 1) * s.stride() + s.columns()))
        .input("target", data.uniform(s.rows() * s.columns(), 1, 2))
        .typed("prediction");
  }

  static KernelCall meanSquaredErrorForward(RandomData data, RowsShape s) {
    return predictionAndTarget("meanSquaredErrorForward", data, s)
        .output("losses", s.rows())
        .body(
            (k, t) ->
                k.meanSquaredErrorForward(
                    s, t.get("prediction"), t.get("target"), t.get("losses")));
  }

  static KernelCall meanSquaredErrorBackward(RandomData data, RowsShape s) {
    return predictionAndTarget("meanSquaredErrorBackward", data, s)
        .updated("dPrediction", data.gaussian((s.rows() - 1) * s.stride() + s.columns()))
        .body(
            (k, t) ->
                k.meanSquaredErrorBackward(
                    s, t.get("prediction"), t.get("target"), SCALE, t.get("dPrediction")));
  }

  /** How good a model is, and whether every third of its samples is at t = 0. */
  private record Model(float error, double leastV, double mostV, boolean atZero) {}

  /** One that has learned something. */
  private static final Model USUAL = new Model(0.3f, -1.3, 1.3, true);

  /** One that is right: both parts of the divergence are near 0, no likelihood beside them. */
  private static final Model RIGHT = new Model(0.01f, -1, -0.9, false);

  /** Clean values reach beyond both ends of [−1, 1]. */
  private static KernelCall diffused(String kernel, RandomData data, RowsShape s, Model model) {
    int rows = (int) s.rows();
    int columns = (int) s.columns();
    double[] products = new double[STEPS]; // ᾱ of a linear schedule
    double product = 1;
    for (int t = 0; t < STEPS; t++) {
      product *= 1 - beta(t);
      products[t] = product;
    }
    float[] clean = data.uniform((long) rows * columns, -1.1, 1.1);
    float[] noise = data.gaussian((long) rows * columns);
    float[] error = data.gaussian((long) rows * columns);
    float[] v = data.uniform((long) rows * columns, model.leastV(), model.mostV());
    float[] noisy = new float[clean.length];
    float[] prediction = new float[2 * clean.length];
    float[] coefficients = new float[rows * LossKernels.BOUND_COEFFICIENTS];
    for (int b = 0; b < rows; b++) {
      int t = model.atZero() && b % 3 == 0 ? 0 : 1 + data.below(STEPS - 1);
      double all = products[t];
      double before = t == 0 ? 1 : products[t - 1];
      double posterior = beta(Math.max(t, 1));
      posterior *= t == 0 ? (1 - products[0]) / (1 - products[1]) : (1 - before) / (1 - all);
      float[] k = {
        (float) Math.sqrt(1 / all),
        (float) Math.sqrt(1 / all - 1),
        (float) (beta(t) * Math.sqrt(before) / (1 - all)),
        (float) ((1 - before) * Math.sqrt(1 - beta(t)) / (1 - all)),
        (float) Math.log(posterior),
        (float) Math.log(beta(t)),
        t == 0 ? 1 : 0
      };
      System.arraycopy(k, 0, coefficients, b * k.length, k.length);
      for (int c = 0; c < columns; c++) {
        int i = b * columns + c;
        noisy[i] = (float) (Math.sqrt(all) * clean[i] + Math.sqrt(1 - all) * noise[i]);
        prediction[2 * b * columns + c] = noise[i] + model.error() * error[i];
        prediction[(2 * b + 1) * columns + c] = v[i];
      }
    }
    return new KernelCall(kernel)
        .input("prediction", prediction)
        .input("clean", clean)
        .input("noisy", noisy)
        .input("coefficients", coefficients)
        .typed("prediction");
  }

  private static double beta(int t) {
    return 1e-4 + (0.02 - 1e-4) * t / (STEPS - 1);
  }

  static KernelCall variationalBoundForward(RandomData data, RowsShape s) {
    return boundForward(data, s, USUAL);
  }

  static KernelCall variationalBoundOfTheRightModel(RandomData data, RowsShape s) {
    return boundForward(data, s, RIGHT);
  }

  private static KernelCall boundForward(RandomData data, RowsShape s, Model model) {
    return diffused("variationalBoundForward", data, s, model)
        .output("losses", s.rows())
        .body(
            (k, t) ->
                k.variationalBoundForward(
                    s,
                    t.get("prediction"),
                    t.get("clean"),
                    t.get("noisy"),
                    t.get("coefficients"),
                    t.get("losses")));
  }

  static KernelCall variationalBoundBackward(RandomData data, RowsShape s) {
    return diffused("variationalBoundBackward", data, s, USUAL)
        .updated("dPrediction", data.gaussian(2 * s.rows() * s.columns()))
        .body(
            (k, t) ->
                k.variationalBoundBackward(
                    s,
                    t.get("prediction"),
                    t.get("clean"),
                    t.get("noisy"),
                    t.get("coefficients"),
                    SCALE,
                    t.get("dPrediction")));
  }
}
