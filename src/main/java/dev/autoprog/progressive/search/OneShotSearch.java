package dev.autoprog.progressive.search;

import dev.autoprog.progressive.growth.GrowthMap;
import dev.autoprog.progressive.growth.GrowthOperator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.commons.math3.random.MersenneTwister;

/**
 * The search of one stage (Li et al. 2022). The network grows to the deepest candidate, the
 * supernet; every training step of the search epochs goes to a candidate drawn uniformly; in
 * between, each candidate's loss is probed. Then the network becomes the one that won. As in the
 * paper, the search epochs are the stage's first, and the winner inherits what they taught the
 * supernet. Or the winner begins as growing to it alone would have left it, and the search's steps
 * are steps beside the run: in a short run, what the others' steps do to shared weights can cost
 * more than these steps teach.
 *
 * <p>The first stage has no network before it. Its supernet may be built at once at {@link
 * SearchSpace#supernetDepth()}, with fresh weights, or at {@link SearchSpace#from()}, from where it
 * is grown. Either way the map of {@link GrowthOperator#ofFreshNetwork} between the two depths says
 * which blocks a sub-network runs through.
 *
 * <p>The draw of step k is a function of the seed, the stage and k, so that a search which was
 * interrupted and resumed decides as if it had not been.
 */
public final class OneShotSearch {
  /** Keeps these draws apart from others of the same seed. */
  private static final int CANDIDATE_STREAM = 0x6361_6e64;

  private final SearchSpace space;
  private final GrowthMap supernet;
  private final List<SubNetwork> networks;
  private final Settings settings;

  /**
   * How long, and how closely, a search looks.
   *
   * @param searchEpochs how many epochs the supernet is trained, whole or not; above 0
   * @param batches of training images per probe
   * @param probesInLastEpoch how many probe points the last search epoch has, or all of a shorter
   *     search, its beginning not counted
   * @param leastTimeWeight the least w of the decision, at or above 0: a candidate whose step takes
   *     twice as long must have a loss at least {@code 1 − 2^−w} lower
   * @param inherits whether the winner goes on with the supernet's weights; if not, with those from
   *     before the search
   * @param seed of the draws
   */
  public record Settings(
      double searchEpochs,
      int batches,
      int probesInLastEpoch,
      double leastTimeWeight,
      boolean inherits,
      long seed) {
    /** Checks that everything is done. */
    public Settings {
      if (!(searchEpochs > 0 && Double.isFinite(searchEpochs))
          || batches < 1
          || probesInLastEpoch < 1) {
        throw new IllegalArgumentException(
            String.format(
                "%s search epochs, %d batches per probe, %d probes in the last epoch;"
                    + " expected more than 0 of each",
                searchEpochs, batches, probesInLastEpoch));
      }
      if (!(leastTimeWeight >= 0 && Double.isFinite(leastTimeWeight))) {
        throw new IllegalArgumentException(
            "a least time weight of " + leastTimeWeight + ", expected 0 or more");
      }
    }

    /**
     * The paper's: two epochs, 50 batches per probe, four probes in the second epoch, no weight of
     * time but the fitted one, and weights that are inherited.
     */
    public static Settings of(long seed) {
      return new Settings(2, 50, 4, 0, true, seed);
    }

    /** How many steps the search takes. */
    public long steps(long stepsPerEpoch) {
      return Math.max(1, Math.round(searchEpochs * stepsPerEpoch));
    }

    /**
     * After how many steps of the search the candidates are probed: at the beginning of the last
     * epoch, if it is not the only one, and evenly within it. Points that fall together count once.
     *
     * <p>The paper's program leaves out the losses of earlier epochs, too: they say more of what
     * the network was before than of what the candidates become.
     */
    public List<Long> probePoints(long stepsPerEpoch) {
      TreeSet<Long> points = new TreeSet<>();
      long steps = steps(stepsPerEpoch);
      long last = Math.min(steps, stepsPerEpoch);
      for (long i = 0; i <= probesInLastEpoch; i++) {
        points.add(steps - last + last * i / probesInLastEpoch);
      }
      points.remove(0L);
      return List.copyOf(points);
    }
  }

  /**
   * A search for a stage.
   *
   * @param operator how the network grows to the supernet
   */
  public OneShotSearch(SearchSpace space, GrowthOperator operator, Settings settings) {
    this.space = space;
    GrowthOperator growing = space.stage() == 0 ? operator.ofFreshNetwork() : operator;
    this.supernet = growing.map(space.from(), space.supernetDepth());
    this.networks =
        space.candidates().stream()
            .map(candidate -> SubNetwork.of(growing, supernet, candidate))
            .toList();
    this.settings = settings;
  }

  /**
   * Searches from the beginning. With one candidate there is nothing to search: the network becomes
   * it without a step or a measurement.
   *
   * @return the decision, which {@code network} has adopted, or nothing if it did not want to go on
   * @throws X what the network's methods throw
   * @throws IllegalArgumentException if the network's depth is neither the one before the stage nor
   *     the supernet's
   */
  public <X extends Exception> Optional<SearchDecision> run(Searchable<X> network) throws X {
    return resume(network, SearchProgress.beginning(space.candidates()));
  }

  /**
   * Goes on from where {@code network} did not want to go on, or from an earlier checkpoint.
   *
   * @param network in the state in which it was given {@code progress}
   * @return as {@link #run}
   * @throws X what the network's methods throw
   * @throws IllegalArgumentException if the progress is not of this search, or the network has not
   *     the supernet's depth
   */
  public <X extends Exception> Optional<SearchDecision> resume(
      Searchable<X> network, SearchProgress progress) throws X {
    long stepsPerEpoch = network.stepsPerEpoch();
    List<Long> points = settings.probePoints(stepsPerEpoch);
    requireOfThisSearch(progress, points, settings.steps(stepsPerEpoch));
    boolean nothingDone = progress.stepSeconds().isEmpty();
    becomeSupernet(network, nothingDone);
    boolean searched = networks.size() > 1;
    boolean returns = searched && !settings.inherits();
    if (returns && nothingDone) {
      network.mark();
    }
    SearchProgress now = progress;
    while (searched
        && (now.points() < points.size() || now.steps() < settings.steps(stepsPerEpoch))) {
      now = advanced(network, now, points);
      if (!network.goOn(now)) {
        return Optional.empty();
      }
    }
    SearchDecision decision =
        SearchDecision.of(
            space, now, networks.stream().map(network::cost).toList(), settings.leastTimeWeight());
    if (returns) {
      network.rewind();
    }
    network.adopt(networks.get(space.candidates().indexOf(decision.winner())));
    return Optional.of(decision);
  }

  /** One time, one loss or one step. */
  private <X extends Exception> SearchProgress advanced(
      Searchable<X> network, SearchProgress now, List<Long> points) throws X {
    int timed = now.stepSeconds().size();
    if (timed == 0) {
      // for nothing: code that all steps share is being compiled, which would count as the first's
      network.stepSeconds(networks.get(0));
    }
    if (timed < networks.size()) {
      double seconds = network.stepSeconds(networks.get(timed));
      if (!(seconds > 0 && Double.isFinite(seconds))) {
        throw new IllegalStateException(
            "a step of " + networks.get(timed) + " took " + seconds + " s, expected more than 0");
      }
      return now.timed(seconds);
    }
    if (now.points() < points.size() && now.steps() == points.get(now.points())) {
      int candidate = now.losses().size() % networks.size();
      return now.probed(network.losses(networks.get(candidate), settings.batches()));
    }
    network.step(networks.get(draw(now.steps())));
    return now.stepped();
  }

  private int draw(long step) {
    int[] key = {
      (int) (settings.seed() >>> Integer.SIZE),
      (int) settings.seed(),
      CANDIDATE_STREAM,
      space.stage(),
      (int) (step >>> Integer.SIZE),
      (int) step
    };
    return new MersenneTwister(key).nextInt(networks.size());
  }

  private void becomeSupernet(Searchable<?> network, boolean nothingDone) {
    boolean canGrow = nothingDone && network.depth() == supernet.from();
    if (network.depth() != supernet.to() && !canGrow) {
      throw new IllegalArgumentException(
          String.format(
              "a network of %d blocks; expected the supernet of %d, or, before anything is done,"
                  + " the %d before the stage",
              network.depth(), supernet.to(), supernet.from()));
    }
    if (network.depth() < supernet.to()) {
      network.grow(supernet);
    }
  }

  private void requireOfThisSearch(SearchProgress progress, List<Long> points, long steps) {
    if (!progress.candidates().equals(space.candidates())) {
      throw new IllegalArgumentException(
          "progress of a search among "
              + progress.candidates()
              + ", expected "
              + space.candidates());
    }
    long passed = points.stream().filter(point -> point < progress.steps()).count();
    long reached = points.stream().filter(point -> point <= progress.steps()).count();
    int losses = progress.losses().size();
    if (progress.steps() > steps
        || losses < passed * networks.size()
        || losses > reached * networks.size()) {
      throw new IllegalArgumentException(
          String.format(
              "%d losses after %d steps; this search probes %d candidates after %s",
              losses, progress.steps(), networks.size(), points));
    }
  }
}
