package dev.autoprog.train;

import dev.autoprog.progressive.search.SubNetwork;
import java.util.Arrays;

/** Finds out how long a training step of a sub-network takes. */
@FunctionalInterface
interface StepTimer {
  /** The median of a few steps, after some to warm up. */
  StepTimer MEASURED =
      (network, step) -> {
        int warmUp = 2;
        double[] seconds = new double[5];
        for (int i = -warmUp; i < seconds.length; i++) {
          long begin = System.nanoTime();
          step.run();
          if (i >= 0) {
            seconds[i] = (System.nanoTime() - begin) * 1e-9;
          }
        }
        Arrays.sort(seconds);
        return seconds[seconds.length / 2];
      };

  /**
   * Seconds of one step.
   *
   * @param step takes one, without learning from it
   */
  double seconds(SubNetwork network, Runnable step);
}
