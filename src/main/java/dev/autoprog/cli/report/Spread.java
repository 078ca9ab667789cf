package dev.autoprog.cli.report;

import java.util.Collection;
import java.util.function.DoubleFunction;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * One quantity over the seeds.
 *
 * @param mean over them
 * @param std the sample's standard deviation; null with one seed
 * @param least of them
 * @param greatest of them
 */
public record Spread(double mean, Double std, double least, double greatest) {

  /**
   * Of one value per seed.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Spread of(Collection<Double> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("no values to take the spread of");
    }
    SummaryStatistics s = new SummaryStatistics();
    values.forEach(s::addValue);
    Double std = values.size() == 1 ? null : s.getStandardDeviation();
    return new Spread(s.getMean(), std, s.getMin(), s.getMax());
  }

  /** {@code mean ± std}, the mean alone with one seed. */
  public String format(DoubleFunction<String> number) {
    return std == null ? number.apply(mean) : number.apply(mean) + " ± " + number.apply(std);
  }
}
