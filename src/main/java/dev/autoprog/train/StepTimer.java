package dev.autoprog.train;

import dev.autoprog.progressive.search.SubNetwork;
import java.util.ArrayList;
import java.util.List;

/** Finds out how long a training step of a sub-network takes. */
@FunctionalInterface
interface StepTimer {
  /** {@link Measures#seconds} of as many steps as {@linkplain Measures#isEnough it takes}. */
  StepTimer MEASURED =
      (network, step) -> {
        List<Double> seconds = new ArrayList<>();
        while (!Measures.isEnough(seconds, 5)) {
          long begin = System.nanoTime();
          step.run();
          seconds.add((System.nanoTime() - begin) * 1e-9);
        }
        return Measures.seconds(seconds);
      };

  /**
   * Seconds of one step.
   *
   * @param step takes one, without learning from it
   */
  double seconds(SubNetwork network, Runnable step);
}
