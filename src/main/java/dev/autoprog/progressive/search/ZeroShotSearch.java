package dev.autoprog.progressive.search;

import java.util.ArrayList;
import java.util.List;

/**
 * The search of one stage without a training step (Li et al. 2024, §4): each candidate's step time,
 * NTK condition and ZiCo are measured, the candidates ranked by each, and the least weighted sum of
 * ranks wins.
 */
public final class ZeroShotSearch {
  private final Weights weights;

  /**
   * What each rank counts; none negative, one above 0.
   *
   * @param time of step time, the least first
   * @param ntk of the condition number, the least first; a kernel without one ranks last
   * @param zico of ZiCo, the greatest first
   */
  public record Weights(double time, double ntk, double zico) {
    /** The paper's. */
    public static final Weights DEFAULT = new Weights(1, 0.5, 0.5);

    /** Checks that none is negative and one is above 0. */
    public Weights {
      double sum = time + ntk + zico;
      if (!(time >= 0 && ntk >= 0 && zico >= 0 && sum > 0 && Double.isFinite(sum))) {
        throw new IllegalArgumentException(
            "weights "
                + time
                + ", "
                + ntk
                + " and "
                + zico
                + ", expected none below 0 and one above");
      }
    }
  }

  /** A search with these weights. */
  public ZeroShotSearch(Weights weights) {
    this.weights = weights;
  }

  /**
   * Measures and decides. With one candidate nothing is measured.
   *
   * @param candidates at least one, in the order in which equals are preferred
   * @throws X what the network's methods throw
   * @throws IllegalArgumentException without a candidate
   * @throws IllegalStateException if a time is not above 0, or ZiCo is not finite
   */
  public <C, X extends Exception> ZeroShotDecision<C> run(
      List<C> candidates, Measurable<C, X> network) throws X {
    requireSome(candidates);
    return candidates.size() == 1
        ? ZeroShotDecision.only(candidates.get(0), network.cost(candidates.get(0)))
        : judge(candidates, network);
  }

  /**
   * The same, but a single candidate is measured, too: for whoever wants to see the measures.
   *
   * @param candidates at least one
   * @throws X what the network's methods throw
   * @throws IllegalArgumentException without a candidate
   * @throws IllegalStateException if a time is not above 0, or ZiCo is not finite
   */
  public <C, X extends Exception> ZeroShotDecision<C> judge(
      List<C> candidates, Measurable<C, X> network) throws X {
    requireSome(candidates);
    List<Measurable.Trainability> trainabilities = new ArrayList<>();
    List<Double> zicos = new ArrayList<>();
    for (C candidate : candidates) {
      trainabilities.add(network.trainability(candidate));
      zicos.add(zico(candidate, network));
    }
    // Times come last, and one is for nothing: by then the code that all steps share has been
    // compiled, which would else count as the first candidate's.
    network.stepSeconds(candidates.get(0));
    List<ZeroShotDecision.Measures> measures = new ArrayList<>();
    for (int i = 0; i < candidates.size(); i++) {
      C candidate = candidates.get(i);
      measures.add(
          new ZeroShotDecision.Measures(
              stepSeconds(candidate, network),
              trainabilities.get(i),
              zicos.get(i),
              network.cost(candidate)));
    }
    return ZeroShotDecision.of(candidates, measures, weights);
  }

  private static <C, X extends Exception> double zico(C candidate, Measurable<C, X> network)
      throws X {
    double zico = network.zico(candidate);
    if (!Double.isFinite(zico)) {
      throw new IllegalStateException("ZiCo of " + candidate + " is " + zico);
    }
    return zico;
  }

  private static <C, X extends Exception> double stepSeconds(C candidate, Measurable<C, X> network)
      throws X {
    double seconds = network.stepSeconds(candidate);
    if (!(seconds > 0 && Double.isFinite(seconds))) {
      throw new IllegalStateException(
          "a step of " + candidate + " took " + seconds + " s, expected more than 0");
    }
    return seconds;
  }

  private static void requireSome(List<?> candidates) {
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException("no candidates, expected at least one");
    }
  }
}
