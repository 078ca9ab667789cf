package dev.autoprog.train;

import dev.autoprog.metric.NtkCondition;
import dev.autoprog.progressive.search.Measurable.Trainability;
import java.util.List;

/** What a zero-shot search makes of several measurements. */
public final class Measures {
  /** Steps that are not counted. */
  private static final int WARM_UP = 2;

  private static final double LEAST_SECONDS = 0.5;

  private Measures() {}

  /**
   * Whether these are times enough for {@link #seconds}: {@code counted} steps that count, and half
   * a second in all, since what disturbs steps, such as a compiler that is still at work on their
   * code, may last as long as a few quick ones.
   */
  public static boolean isEnough(List<Double> all, int counted) {
    return all.size() >= WARM_UP + counted
        && all.stream().mapToDouble(Double::doubleValue).sum() >= LEAST_SECONDS;
  }

  /**
   * The least of a step's times, those at the beginning left out: what else the machine does can
   * only add to it, and may do so while one candidate is measured and not while another is.
   */
  public static double seconds(List<Double> all) {
    return all.stream().skip(WARM_UP).mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  /**
   * The mean condition number of several batches' kernels; where one has none, why.
   *
   * @param samples of a batch
   */
  public static Trainability trainability(List<NtkCondition> conditions, int samples) {
    double sum = 0;
    for (NtkCondition condition : conditions) {
      if (condition instanceof NtkCondition.WellConditioned well) {
        sum += well.kappa();
      } else if (condition instanceof NtkCondition.RankDeficient deficient) {
        return Trainability.none("rank " + deficient.rank() + " of " + samples);
      } else if (condition instanceof NtkCondition.NotPositive not) {
        return Trainability.none("an eigenvalue of " + not.least());
      }
    }
    return Trainability.of(sum / conditions.size());
  }
}
