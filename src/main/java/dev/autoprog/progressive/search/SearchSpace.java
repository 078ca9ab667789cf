package dev.autoprog.progressive.search;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * What a stage's search chooses from, {@code Ψ = {R} × {L}}, taken from the values of the manual
 * schedule (Li et al. 2022). Depth never shrinks, nor does resolution, and the last stage has one
 * candidate: the full network.
 *
 * @param stage s, from 0
 * @param from L_s, the depth that the supernet grows from: the network's before this stage; in the
 *     first stage, which has none before it, the least of the candidates'
 * @param candidates in order, at least one
 * @param dropped those that cannot be built
 */
public record SearchSpace(int stage, int from, List<Candidate> candidates, List<Dropped> dropped) {
  private static final int MOST_DEEPER_VALUES = 3;

  /** Checks that there is a candidate, and none shallower than what is there. */
  public SearchSpace {
    candidates = List.copyOf(candidates);
    dropped = List.copyOf(dropped);
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException(
          dropped.stream()
              .map(Dropped::toString)
              .collect(
                  Collectors.joining(
                      "; ", "stage " + stage + " has no candidate that can be built: ", "")));
    }
    List<Candidate> ordered = candidates.stream().sorted().distinct().toList();
    if (!candidates.equals(ordered) || candidates.stream().anyMatch(c -> c.depth() < from)) {
      throw new IllegalArgumentException(
          "candidates are "
              + candidates
              + ", expected distinct ones in order, of "
              + from
              + " blocks and more");
    }
  }

  /**
   * A candidate that cannot be built.
   *
   * @param reason what stands in its way
   */
  public record Dropped(Candidate candidate, String reason) {
    @Override
    public String toString() {
      return candidate + " (" + reason + ")";
    }
  }

  /**
   * The first stage's: the first, middle and last of the manual resolutions and depths. Values that
   * repeat count once; of an even number, the middle is the upper one.
   *
   * @param manual the manual schedule's networks, one per stage
   * @throws IllegalArgumentException if no candidate is feasible
   */
  public static SearchSpace first(List<Candidate> manual, Feasibility feasibility) {
    List<Candidate> all =
        manual.size() == 1
            ? manual
            : product(
                firstMiddleLast(values(manual, Candidate::resolution)),
                firstMiddleLast(values(manual, Candidate::depth)));
    int least =
        all.stream()
            .filter(candidate -> feasibility.obstacle(candidate).isEmpty())
            .mapToInt(Candidate::depth)
            .min()
            .orElse(1);
    return feasible(0, least, all, feasibility);
  }

  /**
   * A later stage's: the present resolution and the manual one above it; up to three manual depths
   * above the present one, which itself stands only where none is above it. So a stage deepens
   * while it can.
   *
   * @param manual the manual schedule's networks, one per stage
   * @param stage s, at least 1
   * @param current what the stage before has trained
   * @throws IllegalArgumentException if no candidate is feasible
   */
  public static SearchSpace next(
      List<Candidate> manual, int stage, Candidate current, Feasibility feasibility) {
    if (stage < 1 || stage >= manual.size()) {
      throw new IllegalArgumentException(
          "stage " + stage + " of " + manual.size() + ", expected one behind stage 0");
    }
    List<Candidate> all =
        stage == manual.size() - 1
            ? List.of(manual.get(stage))
            : product(
                presentAndNext(current.resolution(), values(manual, Candidate::resolution)),
                deeper(current.depth(), values(manual, Candidate::depth)));
    return feasible(stage, current.depth(), all, feasibility);
  }

  /** L of the supernet: the deepest candidate's. */
  public int supernetDepth() {
    return candidates.stream().mapToInt(Candidate::depth).max().orElseThrow();
  }

  private static TreeSet<Integer> values(List<Candidate> manual, ToIntFunction<Candidate> value) {
    return manual.stream().map(value::applyAsInt).collect(Collectors.toCollection(TreeSet::new));
  }

  private static Collection<Integer> firstMiddleLast(TreeSet<Integer> values) {
    List<Integer> list = List.copyOf(values);
    return new TreeSet<>(List.of(values.first(), list.get(list.size() / 2), values.last()));
  }

  private static Collection<Integer> presentAndNext(int present, TreeSet<Integer> values) {
    Integer next = values.higher(present);
    return next == null ? List.of(present) : List.of(present, next);
  }

  private static Collection<Integer> deeper(int present, TreeSet<Integer> values) {
    List<Integer> deeper =
        values.tailSet(present, false).stream().limit(MOST_DEEPER_VALUES).toList();
    return deeper.isEmpty() ? List.of(present) : deeper;
  }

  private static List<Candidate> product(
      Collection<Integer> resolutions, Collection<Integer> depths) {
    return resolutions.stream()
        .flatMap(resolution -> depths.stream().map(depth -> new Candidate(resolution, depth)))
        .toList();
  }

  private static SearchSpace feasible(
      int stage, int from, List<Candidate> all, Feasibility feasibility) {
    List<Candidate> candidates = new ArrayList<>();
    List<Dropped> dropped = new ArrayList<>();
    for (Candidate candidate : all) {
      Optional<String> obstacle = feasibility.obstacle(candidate);
      obstacle.ifPresentOrElse(
          reason -> dropped.add(new Dropped(candidate, reason)), () -> candidates.add(candidate));
    }
    return new SearchSpace(stage, from, candidates, dropped);
  }
}
