package dev.autoprog.train;

import dev.autoprog.InputException;
import dev.autoprog.backend.Session;
import dev.autoprog.data.DataSplit;
import dev.autoprog.progressive.growth.Stage;
import dev.autoprog.progressive.search.SearchDecision;
import dev.autoprog.run.Checkpoint;
import dev.autoprog.run.Stoppable;
import dev.autoprog.tensor.DeviceMemoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;

/**
 * Trains a vision transformer progressively: stage by stage, growing in between, with checkpoints
 * from which a later trainer goes on bit by bit.
 *
 * <pre>{@code
 * RunSummary run = Trainer.of(session, config).on(data).into(Path.of("runs/a")).train();
 * }</pre>
 */
public final class Trainer implements Stoppable {
  private final Session session;
  private final RunConfig config;
  private DataSplit data;
  private Path directory;
  private TrainingListener listener = TrainingListener.NONE;
  private StepTimer timer = StepTimer.MEASURED;
  private volatile boolean stopRequested;
  private volatile boolean begun;

  private RunSetup setup;
  private Learner learner;
  private RunRecord run;
  private Progress progress;
  private TrainingLoop loop;

  private Trainer(Session session, RunConfig config) {
    this.session = session;
    this.config = config;
  }

  /** A trainer that computes in {@code session}, whose thread must be the one that trains. */
  public static Trainer of(Session session, RunConfig config) {
    return new Trainer(session, config);
  }

  /**
   * The configuration of a run that was begun in {@code directory}.
   *
   * @throws InputException if there is none
   */
  public static RunConfig configOf(Path directory) throws InputException {
    return RunRecord.configOf(directory);
  }

  /** The images to train on and to test on. */
  public Trainer on(DataSplit data) {
    this.data = data;
    return this;
  }

  /** The run's directory, which gets the configuration, the metrics and the checkpoints. */
  public Trainer into(Path directory) {
    this.directory = directory;
    return this;
  }

  /** Who hears how it goes. */
  public Trainer heardBy(TrainingListener listener) {
    this.listener = listener;
    return this;
  }

  /** How a search finds out a candidate's time: for tests, since no two measurements are equal. */
  Trainer timedBy(StepTimer timer) {
    this.timer = timer;
    return this;
  }

  /**
   * Asks the training thread to write a checkpoint after the present step, or the present batch of
   * an evaluation, and to return; callable from any thread.
   */
  @Override
  public void requestStop() {
    stopRequested = true;
  }

  /** Whether steps are being taken, or were, so that a stop has something to save. */
  @Override
  public boolean hasBegun() {
    return begun;
  }

  /**
   * Trains from the beginning.
   *
   * @throws InputException if the configuration does not fit, the directory has a run in it, or the
   *     disk refuses
   * @throws TrainingException if the loss is not finite
   */
  public RunSummary train() throws InputException, TrainingException {
    return run(false);
  }

  /**
   * Goes on from the newest intact checkpoint in the directory, to the same bits that training
   * without the break would have reached on the same backend, processor and number of threads.
   *
   * @throws InputException if there is none, or it is of another model
   * @throws TrainingException if the loss is not finite
   */
  public RunSummary resume() throws InputException, TrainingException {
    return run(true);
  }

  private RunSummary run(boolean resuming) throws InputException, TrainingException {
    if (data == null || directory == null) {
      throw new IllegalStateException(
          "No images to train on, or no directory for the run: call on(…) and into(…) first");
    }
    setup = RunSetup.of(session, config, data);
    Optional<Checkpoint> checkpoint =
        resuming ? Optional.of(Checkpoint.newestOf(directory)) : Optional.empty();
    progress =
        checkpoint.isPresent()
            ? RunRecord.progressOf(checkpoint.get(), setup.plan().model(), setup.material())
            : beginning();
    run = null;
    try (Learner newLearner = setup.newLearner(progress.depth); // refused before a file is written
        RunRecord openRun = open(resuming);
        TrainingLoop newLoop =
            new TrainingLoop(setup, newLearner, openRun, progress, listener, () -> stopRequested)) {
      learner = newLearner;
      loop = newLoop;
      if (checkpoint.isPresent()) {
        if (progress.search != null && !config.progressive().search().inherit()) {
          setup.mark(learner);
        }
        RunRecord.restore(checkpoint.get(), learner);
      } else {
        loop.save(); // whenever the process dies, there is something to resume
      }
      begun = true;
      return stages();
    } catch (InputException | DeviceMemoryException e) {
      if (run != null && !resuming && progress.step == 0) {
        run.discard(e);
      }
      throw e;
    } finally {
      session.arena().close();
    }
  }

  private RunRecord open(boolean resuming) throws InputException {
    run = resuming ? RunRecord.resume(directory, progress) : RunRecord.create(directory, config);
    return run;
  }

  private Progress beginning() {
    Progress beginning = new Progress();
    RunPlan plan = setup.plan();
    Stage first = plan.schedule().stages().get(0);
    beginning.depth =
        plan.isSearched(first) ? plan.searchSpace(first, null).supernetDepth() : first.depth();
    return beginning;
  }

  private RunSummary stages() throws InputException, TrainingException {
    for (Stage planned : setup.plan().schedule().stages()) {
      if (planned.endEpoch() <= progress.epoch) {
        continue;
      }
      Optional<Stage> begun = begin(planned);
      boolean going = begun.isPresent();
      while (going && progress.epoch < planned.endEpoch()) {
        going = loop.steps(begun.get()) && loop.evaluate(begun.get());
      }
      if (!going) {
        loop.save();
        return summary(false);
      }
      end(begun.get());
    }
    RunSummary summary = summary(true);
    run.logEnd(summary);
    return summary;
  }

  /** Grows, and searches where the plan says so; nothing if it was asked to stop meanwhile. */
  private Optional<Stage> begin(Stage planned) throws InputException, TrainingException {
    Stage stage = planned;
    boolean fresh = progress.stageSteps == 0;
    if (setup.plan().isSearched(planned)) {
      fresh = progress.decision == null;
      Optional<SearchDecision> decision = new StageSearch(loop, planned, listener, timer).decide();
      if (decision.isEmpty()) {
        return Optional.empty();
      }
      stage = decision.get().winner().in(planned);
      if (fresh) {
        run.logSearch(stage, progress);
      }
    } else if (learner.depth() < planned.depth()) {
      setup.grow(learner, config.progressive().operator().map(learner.depth(), planned.depth()));
      progress.depth = planned.depth();
    }
    if (fresh) {
      run.logStage(progress.step, stage);
    }
    listener.stageStarted(stage, setup.plan().totalSteps());
    return Optional.of(stage);
  }

  private void end(Stage stage) throws InputException {
    StageReport report =
        new StageReport(
            stage.index(),
            stage.resolution(),
            stage.depth(),
            stage.epochs(),
            progress.stageSteps,
            progress.stageSeconds,
            progress.lastLoss,
            progress.testAccuracy);
    progress.finished.add(report);
    progress.stageSteps = 0;
    progress.stageSeconds = 0;
    progress.stageSearchSeconds = 0;
    progress.decision = null;
    run.writeSchedule(progress.finished);
    loop.save();
    listener.stageFinished(report);
  }

  private RunSummary summary(boolean complete) {
    return new RunSummary(
        complete,
        new ArrayList<>(progress.finished),
        progress.testAccuracy,
        progress.step,
        progress.trainSeconds(),
        progress.searchSeconds,
        progress.evaluationSeconds);
  }
}
