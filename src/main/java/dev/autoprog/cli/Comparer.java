package dev.autoprog.cli;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.cli.report.CompleteRun;
import dev.autoprog.config.ConfigFile;
import dev.autoprog.io.Disk;
import dev.autoprog.run.CheckpointStore;
import dev.autoprog.run.Stoppable;
import dev.autoprog.train.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Works a comparison's runs off, one after another, each in a directory of its own; those that are
 * complete already are left alone, and one that was stopped goes on. Summary and report are written
 * anew after every run.
 *
 * @param <P> the plan
 * @param <C> what a run is trained by
 * @param <R> a complete run
 */
abstract class Comparer<P extends Record & ArmsPlan<C>, C extends Record, R extends CompleteRun> {
  static final String PLAN = "comparison.yaml";
  static final String SUMMARY = "summary.json";
  static final String REPORT = "report.html";

  private static final String WARM_UP = ".warm-up";
  private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final P plan;
  private final Machine machine;
  private final CompareDisplay display;
  private final List<R> complete = new ArrayList<>();
  private Path directory;
  private boolean warm;

  /**
   * A comparer.
   *
   * @param machine what computes
   */
  Comparer(P plan, Machine machine, CompareDisplay display) {
    this.plan = plan;
    this.machine = machine;
    this.display = display;
  }

  /** A run of a trainer; whether it came to its end, and was not asked to stop before. */
  interface Work {
    boolean isComplete() throws InputException, TrainingException;
  }

  /** Hears of each step, on the thread that trains. */
  interface Steps {
    /**
     * A step was taken.
     *
     * @param step counts from 0, over all stages
     * @param stage from 0
     * @param network what the stage trains
     */
    void stepped(long step, int stage, String network);
  }

  /** A trainer, and what it can be told to do. */
  record Training(Stoppable trainer, Work begin, Work resume) {}

  /** The images that all runs are trained on. */
  abstract String material();

  /** How long each is trained. */
  abstract String length();

  /** Checks what can be checked before hours of training. */
  abstract void check(List<PlannedRun<C>> missing) throws InputException;

  /** The configuration of the run that was begun in a directory. */
  abstract C configOf(Path run) throws InputException;

  /** How many steps a run takes. */
  abstract long steps(C config) throws InputException;

  /** A trainer for a run. */
  abstract Training training(Session session, C config, Path place, Steps steps)
      throws InputException;

  /** Whether a run has come to the end of its training. */
  abstract boolean isTrained(PlannedRun<C> run) throws InputException;

  /**
   * Does what is left to do once a run is trained.
   *
   * @return false if it was asked to stop
   */
  abstract boolean finish(int number, int of, PlannedRun<C> run) throws InputException;

  /** A run with which there is nothing left to do. */
  abstract Optional<R> completed(PlannedRun<C> run) throws InputException;

  /** A run's result, in a few words. */
  abstract String numbers(R run);

  /** Writes summary and report of the runs so far, in the order of the arms. */
  abstract void report(List<R> runs) throws InputException;

  /** Tables of the arms; the first line of each says what the columns are. */
  abstract List<List<List<String>>> tables(List<R> runs);

  final P plan() {
    return plan;
  }

  final Machine machine() {
    return machine;
  }

  final CompareDisplay display() {
    return display;
  }

  /** The comparison's directory. */
  final Path directory() {
    return directory;
  }

  final Path placeOf(PlannedRun<C> run) {
    return directory.resolve(run.directory());
  }

  /**
   * Runs what there is to run.
   *
   * @param directory which has the runs, or will
   * @return false if one was asked to stop
   */
  final boolean compare(Path directory) throws InputException, TrainingException {
    this.directory = directory;
    display.introduce(material(), plan, length(), directory);
    List<PlannedRun<C>> runs = plan.runs();
    List<PlannedRun<C>> missing = new ArrayList<>();
    for (PlannedRun<C> run : runs) {
      requireSame(run); // before hours of training
      if (completed(run).isEmpty()) {
        missing.add(run);
      }
    }
    if (!missing.isEmpty()) {
      check(missing);
    }
    ConfigFile.write(directory.resolve(PLAN), plan);
    for (int i = 0; i < runs.size(); i++) {
      PlannedRun<C> run = runs.get(i);
      Optional<R> before = completed(run);
      if (before.isPresent()) {
        complete.add(before.get());
        display.found(i + 1, runs.size(), run, numbers(before.get()));
      } else if ((isTrained(run) || train(i + 1, runs.size(), run))
          && finish(i + 1, runs.size(), run)) {
        complete.add(completed(run).orElseThrow());
        display.finished(numbers(complete.get(complete.size() - 1)));
        report(sorted());
      } else {
        return false;
      }
    }
    report(sorted());
    display.conclude(tables(sorted()), directory);
    return true;
  }

  /** In the order of the arms, each arm's in that of the seeds. */
  private List<R> sorted() {
    return complete.stream()
        .sorted(Comparator.comparingInt(run -> plan.arms().indexOf(run.arm())))
        .toList();
  }

  private void requireSame(PlannedRun<C> run) throws InputException {
    Path place = placeOf(run);
    if (hasConfig(place) && !configOf(place).equals(run.config())) {
      throw new InputException(
          place.toString(),
          "a run with another configuration",
          "the run of this comparison that was begun here, or nothing",
          "Compare with the settings of " + PLAN + " beside it, or choose another directory");
    }
  }

  private static boolean hasConfig(Path run) {
    return Files.exists(run.resolve("config.yaml"));
  }

  /** Trains, or goes on; false if it was asked to stop. */
  private boolean train(int number, int of, PlannedRun<C> run)
      throws InputException, TrainingException {
    warmUp(run);
    Path place = placeOf(run);
    boolean resuming = isBegun(place);
    display.begun(number, of, run, resuming, steps(run.config()));
    try (Session session = machine.open()) {
      Training training = training(session, run.config(), place, display.steps());
      try (StopOnInterrupt interrupt = new StopOnInterrupt()) {
        interrupt.stops(training.trainer());
        boolean whole = (resuming ? training.resume() : training.begin()).isComplete();
        if (!whole) {
          display.stopped(directory); // after the block the process may be gone
        }
        return whole;
      }
    }
  }

  /** Whether there is a checkpoint; what a run left that died before its first is removed. */
  private static boolean isBegun(Path place) throws InputException {
    if (!hasConfig(place)) {
      return false;
    }
    boolean begun;
    try (CheckpointStore store = CheckpointStore.open(place)) {
      begun = store.hasAny();
    }
    if (!begun) {
      delete(place);
    }
    return begun;
  }

  private static void delete(Path tree) throws InputException {
    try {
      Disk.LOCAL.delete(tree);
    } catch (IOException e) {
      throw Disk.cannotWrite(tree, e);
    }
  }

  /**
   * Some steps that nobody keeps, so that the first run finds the process as warm as the others.
   */
  private void warmUp(PlannedRun<C> run) throws InputException, TrainingException {
    if (warm) {
      return;
    }
    warm = true;
    Path aside = directory.resolve(WARM_UP);
    delete(aside);
    try (Session session = machine.open()) {
      WarmUp enough = new WarmUp();
      Training training = training(session, run.config(), aside, enough);
      enough.stops = training.trainer();
      training.begin().isComplete();
    } finally {
      delete(aside);
    }
  }

  /** Stops a trainer when it has taken steps for long enough. */
  private static final class WarmUp implements Steps {
    private Stoppable stops;
    private OptionalLong begun = OptionalLong.empty();

    @Override
    public void stepped(long step, int stage, String network) {
      long now = System.nanoTime();
      if (begun.isEmpty()) {
        begun = OptionalLong.of(now);
      } else if (now - begun.getAsLong() > WARM_UP_NANOS) {
        stops.requestStop();
      }
    }
  }
}
