package dev.autoprog.jmh;

import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * One implementation, ready to be timed.
 *
 * @param work what is timed
 * @param output runs once, and gives what came out, one output behind the other: the first call on
 *     a fresh contender is comparable between implementations
 * @param release gives everything back
 */
record Contender(Runnable work, Supplier<float[]> output, Runnable release)
    implements AutoCloseable {
  /** Steps whose losses are compared: the second follows from the first's update. */
  private static final int COMPARED_STEPS = 3;

  /** A training step, which is told by the losses of the first few. */
  static Contender ofSteps(DoubleSupplier step, Runnable release) {
    return new Contender(
        step::getAsDouble,
        () -> {
          float[] losses = new float[COMPARED_STEPS];
          for (int i = 0; i < losses.length; i++) {
            losses[i] = (float) step.getAsDouble();
          }
          return losses;
        },
        release);
  }

  void run() {
    work.run();
  }

  float[] result() {
    return output.get();
  }

  @Override
  public void close() {
    release.run();
  }
}
